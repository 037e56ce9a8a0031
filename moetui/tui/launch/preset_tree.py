"""The tree of presets: those used last, then folders from the names, the quickstart first, files that cannot be read at the end.

Folders are closed until they are opened, searched, or hold the cursor.
"""

import re
from collections.abc import Iterable, Iterator
from math import prod

from rich.style import Style
from rich.text import Text
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from moetui.core.planning.presets import Fault, Library, Preset
from moetui.core.science.labels import middle
from moetui.tui.panel import Panel, shows

FIRST = "quickstart"

RECENT = "used last"
"""Heads the presets that were used last; a preset stands there and in its folder."""

FOLDER_SIGN = 2
"""Cells of the sign before a folder."""

Entry = Preset | Fault | None
"""What a node stands for; None is a folder."""


def ordered(library: Library, query: str = "") -> list[Preset]:
    """The presets that match all words of the query in name, title or description: by folder, those outside folders first."""
    words = query.lower().split()
    found = [p for p in library if all(word in f"{p.name} {p.title} {p.about}".lower() for word in words)]
    return sorted(found, key=lambda p: (p.name != FIRST, *_place(p.name)))


def _place(name: str) -> tuple[str, str]:
    """Folder and leaf, with numbers in their order: exp8 stands before exp10."""
    folder, _, leaf = re.sub(r"\d+", lambda digits: digits[0].zfill(8), name).rpartition("/")
    return folder, leaf


def size_text(preset: Preset) -> str:
    """How many runs a study has by its own file, such as `×5`; empty for a single configuration or where members decide."""
    if not preset.is_study:
        return ""
    return f"×{len(preset.members) or prod(len(values) for values in preset.grid.values())}"


def label_of(entry: Entry, name: str) -> Text:
    """The label of a node: `*` marks the user's own, `!` a file that cannot be read."""
    if entry is None:
        return Text(f"{name}/", style="bold", no_wrap=True)
    if isinstance(entry, Fault):
        return Text(f"! {name}", style="bold red", no_wrap=True)
    label = Text(name if entry.built_in else f"* {name}", no_wrap=True)
    if size := size_text(entry):
        label.append(f" {size}", style="dim")
    return label


class PresetTree(Tree[Entry], Panel, inherit_bindings=False):
    """Shows presets; tells which entry is under the cursor. Space folds a folder."""

    DEFAULT_CSS = """
    PresetTree { height: 1fr; background: transparent; scrollbar-size-horizontal: 0; padding: 0; }
    PresetTree:focus { background-tint: transparent; }
    """

    class Pointed(Message):
        """The cursor is on this entry now; `name` is the name of the preset or folder."""

        def __init__(self, entry: Entry, name: str) -> None:
            super().__init__()
            self.entry = entry
            self.name = name

    def __init__(self) -> None:
        self._recent: TreeNode[Entry] | None = None
        super().__init__("presets")
        self.show_root = False
        self.guide_depth = 2
        self.show_guides = False
        self.auto_expand = False

    @property
    def entry(self) -> Entry:
        """What is under the cursor."""
        return self.cursor_node.data if self.cursor_node else None

    @shows
    def fill(self, library: Library, faults: Iterable[Fault], query: str = "", recent: Iterable[str] = ()) -> None:
        """Show these presets and faults; the cursor stays on its entry where that is still there."""
        before = self._place_of(self.cursor_node) if self.cursor_node else FIRST
        self.clear()
        nodes: dict[str, TreeNode[Entry]] = {}
        matching = {preset.name: preset for preset in ordered(library, query)}
        used = [matching[name] for name in recent if name in matching]
        self._recent = self.root.add(Text(RECENT), None, expand=True) if used else None
        for preset in used:
            node = self._recent.add_leaf(label_of(preset, preset.name), preset) if self._recent else self.root
            nodes[self._place_of(node)] = node
        folders: dict[str, TreeNode[Entry]] = {"": self.root}
        for preset in matching.values():
            folder, _, leaf = preset.name.rpartition("/")
            parent = self._folder(folders, folder, expand=bool(query))
            nodes[preset.name] = parent.add_leaf(label_of(preset, leaf), preset)
        for fault in faults:
            nodes[str(fault.path)] = self.root.add_leaf(label_of(fault, fault.path.name), fault)
        self.root.expand()
        target = nodes.get(before) or next(iter(nodes.values()), None)
        if target is not None:
            self._reveal(target)

    def _point_at(self, node: TreeNode[Entry]) -> None:
        line = self.cursor_line
        self.move_cursor(node)
        if self.cursor_line == line:  # another node on the line of the one before, of which Textual tells nothing
            self.post_message(self.Pointed(node.data, self._name_of(node)))

    def move(self, by: int) -> None:
        """Move the cursor by lines, as far as there are any."""
        self.cursor_line = max(0, min(self.cursor_line + by, self.last_line))
        self.scroll_to_line(self.cursor_line, animate=False)

    def fold(self) -> bool:
        """Fold or unfold the folder under the cursor; False if it is none."""
        if self.cursor_node is None or not self.cursor_node.allow_expand:
            return False
        self.cursor_node.toggle()
        return True

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Entry]) -> None:
        """Tell the screen in terms of presets. The event may be late: what counts is what is under the cursor now."""
        event.stop()
        if (node := self.cursor_node) is not None:
            self.post_message(self.Pointed(node.data, self._name_of(node)))

    def render_label(self, node: TreeNode[Entry], base_style: Style, style: Style) -> Text:
        """The label, with a sign before folders that says whether they are open."""
        label = Text(RECENT, "bold") if node is self._recent else self._fitted(node)
        label.stylize_before(style)
        if node.allow_expand:
            return Text.assemble(("▾ " if node.is_expanded else "▸ ", style), label)
        return label

    def _fitted(self, node: TreeNode[Entry]) -> Text:
        """The label in the width of the tree: a name that is too long loses its middle, since `×26` cut would be another number."""
        name, depth = self._leaf_of(node), 0
        holder = node.parent
        while holder is not None and holder is not self.root:
            holder, depth = holder.parent, depth + 1
        room = self.scrollable_content_region.width - depth * self.guide_depth - FOLDER_SIGN * node.allow_expand
        label = label_of(node.data, name)
        excess = label.cell_len - max(room, 1)
        return (
            label_of(node.data, middle(name, max(len(name) - excess, 1))) if excess > 0 and self.size.width else label
        )

    def _folder(self, folders: dict[str, TreeNode[Entry]], name: str, *, expand: bool) -> TreeNode[Entry]:
        if name not in folders:
            above, _, leaf = name.rpartition("/")
            parent = self._folder(folders, above, expand=expand)
            folders[name] = parent.add(label_of(None, leaf), None, expand=expand)
        return folders[name]

    def _leaf_of(self, node: TreeNode[Entry]) -> str:
        if isinstance(node.data, Preset):
            return node.data.name if node.parent is self._recent else node.data.name.rpartition("/")[2]
        if isinstance(node.data, Fault):
            return node.data.path.name
        return str(node.label).removesuffix("/")

    def point_at(self, name: str) -> None:
        """Put the cursor on the preset of this name in its folder."""
        node = next((node for node in self._nodes_below(self.root) if self._place_of(node) == name), None)
        if node is not None:
            self._reveal(node)

    def _nodes_below(self, node: TreeNode[Entry]) -> Iterator[TreeNode[Entry]]:
        for child in node.children:
            yield child
            yield from self._nodes_below(child)

    def _reveal(self, node: TreeNode[Entry]) -> None:
        holder = node.parent
        while holder is not None and holder.is_collapsed:
            holder.expand()
            holder = holder.parent
        # At once: a key pressed before the next refresh must not find the cursor on another entry. Asking for the last line
        # makes the tree number its lines.
        if self.last_line >= 0:
            self._point_at(node)

    def _place_of(self, node: TreeNode[Entry]) -> str:
        """What tells a node from all others: a preset that was used last stands in two places."""
        name = self._name_of(node)
        return f"{RECENT}:{name}" if node.parent is self._recent and self._recent is not None else name

    def _name_of(self, node: TreeNode[Entry]) -> str:
        if isinstance(node.data, Preset):
            return node.data.name
        return str(node.data.path) if isinstance(node.data, Fault) else self._leaf_of(node)
