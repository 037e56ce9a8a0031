"""Every action of the terminal interface in one table, which feeds the keys, the footer, the command palette and the help.

`moetui.tui.bindings` makes keys of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from moetui.tui.places import PLACES

Place = Literal["everywhere", "launch", "form", "live", "runs", "hosts", "run", "log", "compare", "devices"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a user can do: where, by which keys (Textual's names, comma-separated), and what it does in a sentence.

    `id` is the call of the method `action_<id>` on the screen (or on the app, for `everywhere`). `footer` is the label in the
    footer; empty keeps it out of there.
    """

    place: Place
    id: str
    keys: str
    footer: str
    help: str

    @property
    def full_id(self) -> str:
        """The id among those of all places."""
        return f"{self.place}.{self.id}"


def _chart_actions(place: Place) -> tuple[Action, ...]:
    """What can be done with the charts, wherever they are."""
    return (
        Action(place, "chart(1)", "tab", "Next", "Go to the next chart."),
        Action(place, "chart(-1)", "shift+tab", "", "Go to the chart before."),
        Action(place, "maximise", "m,enter", "Max", "Give the chart all the space, or bring the others back."),
        Action(place, "places(1)", "plus", "", "Show more charts at once, nine at most."),
        Action(place, "places(-1)", "minus", "", "Show fewer, larger charts."),
        Action(place, "chart_page(1)", "right_square_bracket", "", "Go to the next page of charts."),
        Action(place, "chart_page(-1)", "left_square_bracket", "", "Go to the page of charts before."),
        Action(place, "charts", "C", "", "Choose which charts there are."),
        Action(place, "axis", "x", "X axis", "Draw against updates, tokens, seconds or FLOPs, in turn."),
        Action(
            place, "span", "y", "", "Let the y axis cover everything, how the runs end, or choose by itself (auto)."
        ),
        Action(
            place, "difference", "d", "", "Draw each run minus the pinned run, or else minus the best; or no longer."
        ),
        Action(place, "log_axis", "L", "", "Make the y axis of the chart logarithmic, or linear again."),
        Action(place, "smooth(1)", "w", "", "Smooth the chart more: a moving average over the faint curve."),
        Action(place, "smooth(-1)", "W", "", "Smooth the chart less."),
        Action(place, "zoom(0.5)", "i", "", "Zoom into the x axis, around the cursor."),
        Action(place, "zoom(2)", "o", "", "Zoom out."),
        Action(place, "pan(-1)", "left_parenthesis", "", "Move the zoomed charts to the left."),
        Action(place, "pan(1)", "right_parenthesis", "", "Move the zoomed charts to the right."),
        Action(
            place,
            "inspect(-1)",
            _INSPECT[place][0],
            "",
            "Move the cursor of all charts back; legends give values there.",
        ),
        Action(place, "inspect(1)", _INSPECT[place][1], "", "Move the cursor of all charts on."),
        Action(place, "inspect(-10)", "less_than_sign", "", "Move the cursor back by ten steps."),
        Action(place, "inspect(10)", "greater_than_sign", "", "Move the cursor on by ten steps."),
        Action(place, "reset", "0", "", "Take zoom and cursor away."),
        Action(
            place,
            "colour",
            "b",
            "",
            "Tell runs apart, then groups of seeds, then draw groups as mean and 95 % interval.",
        ),
        Action(place, "published", "v", "", "Show what was published of these presets, or hide it."),
        Action(
            place,
            "events",
            "e",
            "",
            "Mark events on the x axis: b best, c checkpoint, r resumed, ! finding, x ended early; or do not.",
        ),
    )


_INSPECT: Mapping[str, tuple[str, str]] = {"live": ("left,comma", "right,full_stop"), "run": ("comma", "full_stop")}
"""On the page of a run the arrows turn its sections."""


ACTIONS: tuple[Action, ...] = (
    *(
        Action("everywhere", f"show({place.name!r})", str(number), "", f"Go to {place.title}: {place.about}.")
        for number, place in enumerate(PLACES, start=1)
    ),
    Action("everywhere", "help", "question_mark", "Help", "Show every key of this screen."),
    Action(
        "everywhere", "alerts", "exclamation_mark", "", "List what ended and what was found since you last looked here."
    ),
    Action("everywhere", "command_palette", "colon", "", "Search for an action by name."),
    Action("everywhere", "quit", "q", "Quit", "Leave; runs go on training."),
    Action("everywhere", "suspend_process", "ctrl+z", "", "Go to the shell for a while; its command fg comes back."),
    Action("everywhere", "redraw", "ctrl+l", "", "Draw the screen anew, if something else has written over it."),
    Action(
        "everywhere",
        "theme",
        "f2",
        "",
        "Change the colours: as the background is (auto), light, dark, or the terminal's.",
    ),
    Action("everywhere", "remote", "f3", "", "Spare a slow link: draw new numbers every two seconds only, or at once."),
    Action("everywhere", "tour", "f4", "", "Take the tour of five steps."),
    Action("launch", "launch", "enter", "Start", "Start the planned runs and watch them (on a folder: fold it)."),
    Action("launch", "tick", "space", "Tick", "Tick or untick the value under the cursor; fold a folder."),
    Action("launch", "tick_all", "a", "", "Tick every value of this list, or none."),
    Action(
        "launch", "add_value", "n", "New", "Type values into this list: several, or a range such as 0.01..0.3 x5 log."
    ),
    Action("launch", "search", "slash", "Find", "Search the presets as you type; esc shows all again."),
    Action("launch", "form", "e", "Form", "Change or vary any key of the configuration, in a form."),
    Action(
        "launch", "scale", "s", "", "Plan it on the next larger model: tiny, 9m, 79m …, then at its own scale again."
    ),
    Action(
        "launch",
        "reuse",
        "u",
        "",
        "Run everything anew, or again only what has no answer here, as `moetui study` does.",
    ),
    Action("launch", "devices", "d", "", "Train each run on 2 devices, 4, 8 …, then on one again."),
    Action("launch", "backend", "c", "", "Let the cluster execute the runs (slurm), or this machine again."),
    Action(
        "launch",
        "coordinates",
        "K",
        "",
        "Check at widths 32, 64 and 128 whether the rate of the first run may transfer.",
    ),
    Action("launch", "save", "w", "Save", "Save what is planned as a preset of your own, a TOML file to edit."),
    Action("launch", "offline", "o", "", "Take text and tokenizer that need no network, or the preset's own again."),
    Action(
        "launch", "view", "v", "View", "Show the planned runs in place of the curves, then the findings of the audit."
    ),
    Action("launch", "reload", "r", "", "Read the preset files again."),
    Action("launch", "go(1)", "right", "", "Go to the next list (tab does it too)."),
    Action("launch", "go(-1)", "left", "", "Go to the list before (shift+tab does it too)."),
    Action("launch", "cursor(-1)", "up,k", "", "Move up in the tree or list that has the focus."),
    Action("launch", "cursor(1)", "down,j", "", "Move down in it."),
    Action("launch", "page(-1)", "pageup", "", "Move up by a page."),
    Action("launch", "page(1)", "pagedown", "", "Move down by a page."),
    Action("launch", "row(0)", "home,g", "", "Go to the first line."),
    Action("launch", "row(-1)", "end,G", "", "Go to the last line."),
    Action("form", "edit", "enter", "Edit", "Type a value for this key; what is wrong with it is said as you type."),
    Action("form", "cycle", "space", "Next", "Take the next choice, or the other of yes and no."),
    Action("form", "grid", "g", "Vary", "Vary this key: several values or a range, each a run of the grid."),
    Action("form", "reset", "x,delete", "Reset", "Let this key be as the preset has it."),
    Action("form", "find", "slash", "Find", "Search keys and descriptions as you type."),
    Action("form", "changed", "c", "Changed", "Show only what was changed, or everything again."),
    Action("form", "back", "escape", "Back", "Close the line or the search, then the form."),
    Action("form", "cursor(-1)", "up,k", "", "Move to the key above."),
    Action("form", "cursor(1)", "down,j", "", "Move to the key below."),
    Action("form", "page(-1)", "pageup", "", "Move up by a page of keys."),
    Action("form", "page(1)", "pagedown", "", "Move down by a page of keys."),
    Action("form", "row(0)", "home", "", "Go to the first key."),
    Action("form", "row(-1)", "end,G", "", "Go to the last key."),
    Action("live", "cursor(-1)", "up,k", "", "Move to the run above."),
    Action("live", "cursor(1)", "down,j", "", "Move to the run below."),
    Action("live", "page(-1)", "pageup", "", "Move up by a page of runs."),
    Action("live", "page(1)", "pagedown", "", "Move down by a page of runs."),
    Action("live", "toggle_run", "space", "Chart", "Put the run on the charts or take it off; eight at most."),
    Action("live", "study", "a", "Study", "Chart all runs of its study, eight at most, or eight groups of seeds (b)."),
    Action("live", "pin", "p", "", "Pin the run: it stays on the charts whatever is followed."),
    Action("live", "hide", "h", "", "Hide the run from the charts that follow the newest, or bring it back."),
    Action("live", "follow", "f", "Follow", "Follow the newest runs again; pressed twice, show all runs again."),
    *_chart_actions("live"),
    Action(
        "live",
        "beside",
        "t",
        "",
        "Show beside the charts what is known of the run, then the end of its log, or neither.",
    ),
    Action("live", "log", "l", "Log", "Read the end of the run's log, and why it failed if it did."),
    Action("live", "hosts", "H", "", "Show the runs under way here and on all hosts (`moetui hosts`) together."),
    Action("live", "stop", "s", "Stop", "Stop the run, after a question; a second time kills it."),
    Action("live", "pause", "P", "", "Let the run give its device back after a checkpoint, or go on in its turn."),
    Action("hosts", "back", "escape,H", "Back", "Show the runs of this workspace alone again."),
    Action("hosts", "pending", "v", "Under way", "Show only the runs that are under way, or all."),
    Action("hosts", "cursor(-1)", "up,k", "", "Move to the run above."),
    Action("hosts", "cursor(1)", "down,j", "", "Move to the run below."),
    Action("hosts", "page(-1)", "pageup", "", "Move up by a page of runs."),
    Action("hosts", "page(1)", "pagedown", "", "Move down by a page of runs."),
    Action("hosts", "row(0)", "home,g", "", "Go to the first run."),
    Action("hosts", "row(-1)", "end,G", "", "Go to the last run."),
    Action("runs", "open", "enter", "Open", "Open the run: curves, scores, configuration, log, provenance."),
    Action(
        "runs", "filter", "slash", "Find", "Filter as you type: words, status:finished, lr>=0.05; esc shows all again."
    ),
    Action("runs", "mark", "space", "Mark", "Mark the run or unmark it; on a group, all its runs."),
    Action("runs", "mark_all", "m", "", "Mark every run that the filter lets through, or unmark them."),
    Action("runs", "overlay", "o", "Overlay", "Overlay the curves of the marked runs, eight at most."),
    Action("runs", "compare", "x", "Compare", "Compare the marked runs by their settings and learning rates."),
    Action("runs", "diff", "D", "", "Show the configurations of the marked runs side by side."),
    Action("runs", "clear", "c", "", "Unmark all."),
    Action("runs", "sort(1)", "right_square_bracket", "", "Sort by the next column; after the last, newest first."),
    Action("runs", "sort(-1)", "left_square_bracket", "", "Sort by the column before."),
    Action("runs", "sort_by", "S", "", "Sort by any column or key of the configuration."),
    Action("runs", "reverse", "v", "", "Turn the order around."),
    Action("runs", "group_by", "b", "Group", "Group by preset, study, setting or any key, or no longer."),
    Action("runs", "fold", "left,right", "", "Fold the group of the run, or open it (enter does it on its line)."),
    Action("runs", "fold_all", "z", "", "Fold all groups, or open all."),
    Action("runs", "columns", "C", "", "Choose the columns; any key of the configuration can be one. They are kept."),
    Action("runs", "skip(1)", "greater_than_sign", "", "Show columns further to the right."),
    Action("runs", "skip(-1)", "less_than_sign", "", "Show columns further to the left."),
    Action(
        "runs", "differing", "equals_sign", "", "Show only columns and keys in which the runs differ, or all again."
    ),
    Action("runs", "tag", "t", "Tag", "Edit the tags of the marked runs, or of the one under the cursor."),
    Action("runs", "note", "n", "", "Write a note on the run."),
    Action("runs", "rename", "r", "", "Give the run another name."),
    Action("runs", "delete", "d,delete", "Del", "Move the marked runs, or the one under the cursor, to the trash."),
    Action("runs", "undo", "u", "", "Bring back what was deleted last; in the trash, the run under the cursor."),
    Action("runs", "trash", "T", "", "List the deleted runs, or the others again."),
    Action("runs", "hosts", "H", "", "Show the runs here and on all hosts (`moetui hosts`) together."),
    Action("runs", "archive", "a", "", "Put the marked runs out of sight, or back."),
    Action("runs", "archived", "A", "", "Show archived runs as well, or no longer."),
    Action("runs", "stop", "s", "", "Stop the marked runs, or the one under the cursor, after a question."),
    Action("runs", "resume", "P", "", "Let runs that broke off or are paused go on from their newest checkpoint."),
    Action("runs", "rerun", "R", "", "Queue the same configurations, seeds included, as new runs."),
    Action("runs", "fork", "F", "", "Queue new runs that begin with the weights of these, with settings you type."),
    Action("runs", "cooldown", "B", "", "Queue branches that leave these runs of constant rate and cool down."),
    Action("runs", "export", "X", "", "Export the measurements: csv, jsonl, parquet, tensorboard and more."),
    Action("runs", "copy", "y", "", "Copy ids, names, the table, configurations or JSON to clipboard and file."),
    Action("runs", "cursor(-1)", "up,k", "", "Move to the run above."),
    Action("runs", "cursor(1)", "down,j", "", "Move to the run below."),
    Action("runs", "page(-1)", "pageup", "", "Move up by a page of runs."),
    Action("runs", "page(1)", "pagedown", "", "Move down by a page of runs."),
    Action("runs", "row(0)", "home,g", "", "Go to the first run."),
    Action("runs", "row(-1)", "end,G", "", "Go to the last run."),
    Action("runs", "back", "escape", "", "Clear the filter, or unmark all."),
    Action("run", "back", "escape", "Back", "Go back to the list."),
    Action("run", "section('curves')", "c", "", "Show the curves."),
    Action("run", "section('facts')", "f", "", "Show what became of the run: scores, times, device, findings."),
    Action("run", "section('config')", "g", "", "Show the configuration; of several runs, what differs, side by side."),
    Action("run", "whole", "equals_sign", "", "Of several runs, show all keys side by side, or only what differs."),
    Action("run", "section('origin')", "p", "", "Show the provenance: versions, commit, host, command."),
    Action("run", "turn(1)", "right", "", "Go to the next section."),
    Action("run", "turn(-1)", "left", "", "Go to the section before."),
    Action(
        "run",
        "scroll(-1)",
        "up,k",
        "",
        "Scroll the words up by a line; of several curves, bring the one before to the front.",
    ),
    Action("run", "scroll(1)", "down,j", "", "Scroll them down by a line, or bring the next curve to the front."),
    Action("run", "page(-1)", "pageup", "", "Scroll up by a page."),
    Action("run", "page(1)", "pagedown", "", "Scroll down by a page."),
    Action("run", "row(0)", "home", "", "Go to the first line."),
    Action("run", "row(-1)", "end", "", "Go to the last line."),
    *_chart_actions("run"),
    Action("run", "log", "l", "", "Read the log, as it grows."),
    Action("run", "tag", "t", "Tag", "Edit the tags."),
    Action("run", "note", "n", "Note", "Write a note."),
    Action("run", "rename", "r", "Name", "Give the run another name."),
    Action("run", "archive", "a", "", "Put the run out of sight of the list, or back."),
    Action("run", "stop", "s", "Stop", "Stop the run, after a question."),
    Action("run", "resume", "P", "", "Let the run go on from its newest checkpoint, if it broke off."),
    Action("run", "rerun", "R", "", "Queue the same configuration, seed included, as a new run."),
    Action("run", "fork", "F", "", "Queue a new run that begins with these weights, with settings you type."),
    Action("run", "cooldown", "B", "", "Queue branches that leave this run of constant rate and cool down."),
    Action("run", "export", "X", "", "Export the measurements: csv, jsonl, parquet, tensorboard and more."),
    Action("run", "copy", "Y", "", "Copy id, name, configuration or JSON to clipboard and file."),
    Action(
        "log", "back", "escape,q,l,enter", "Back", "Go back to where the log was opened; here q does not leave moetui."
    ),
    Action("log", "scroll(-1)", "up,k", "", "Scroll up by a line."),
    Action("log", "scroll(1)", "down,j", "", "Scroll down by a line."),
    Action("log", "page(-1)", "pageup", "", "Scroll up by a page."),
    Action("log", "page(1)", "pagedown,space", "", "Scroll down by a page."),
    Action("log", "row(0)", "home,g", "", "Go to the first line."),
    Action("log", "row(-1)", "end,G", "", "Go to the last line, and stay at the end as the log grows."),
    Action("compare", "view('response')", "r", "", "Show the response: the score against the learning rate."),
    Action(
        "compare", "view('verdicts')", "v", "", "Show the verdicts: every setting with its difference from the best."
    ),
    Action(
        "compare", "view('pareto')", "p", "", "Show the score against its cost, and which settings are worth theirs."
    ),
    Action("compare", "view('ladder')", "l", "", "Show the ladder: how the best learning rate moves with the size."),
    Action("compare", "turn(1)", "right,tab", "", "Show the next view."),
    Action("compare", "turn(-1)", "left,shift+tab", "", "Show the view before."),
    Action("compare", "refine", "f", "Refine", "Propose what to run next; queue it after a yes and go to Live."),
    Action(
        "compare",
        "plan",
        "g",
        "",
        "Divide a budget into sizes, rates and seeds; queue the runs after a yes and go to Live.",
    ),
    Action("compare", "choose", "slash", "Choose", "Type what to compare: runs, names, groups, presets or studies."),
    Action(
        "compare", "open", "enter", "Curves", "Overlay the curves of the runs, eight at most, the best settings first."
    ),
    Action("compare", "score", "s", "Score", "Judge by the next score: loss, accuracy, perplexity or time."),
    Action("compare", "best", "b", "Best", "Take the best score of each run, or the last one again."),
    Action("compare", "against", "a", "", "Compare with the best, with the first, or all with each other."),
    Action("compare", "pairing", "d", "", "Pair runs of the same seed where enough are shared, always, or never."),
    Action("compare", "tolerance", "t", "", "Set how much worse than the best is still safe."),
    Action("compare", "cost", "c", "Cost", "Show the next cost: seconds, tokens, operations or memory."),
    Action("compare", "close_up", "y", "Close-up", "Draw only what is near the best, or the whole response again."),
    Action(
        "compare",
        "setting(1)",
        "right_square_bracket",
        "",
        "Take zone, cliff and best from the next setting, or the next ladder.",
    ),
    Action(
        "compare",
        "setting(-1)",
        "left_square_bracket",
        "",
        "Take zone, cliff and best from the setting or ladder before.",
    ),
    Action("compare", "maximise", "m", "Zoom", "Show chart and words, the chart alone, or the words alone."),
    Action("compare", "cursor(-1)", "up,k", "", "Go to the subject above."),
    Action("compare", "cursor(1)", "down,j", "", "Go to the subject below."),
    Action("compare", "page(-1)", "pageup", "", "Scroll the words up."),
    Action("compare", "page(1)", "pagedown", "", "Scroll the words down."),
    Action("devices", "cursor(-1)", "up,k", "", "Go to the run above in the queue."),
    Action("devices", "cursor(1)", "down,j", "", "Go to the run below in the queue."),
    Action(
        "devices",
        "hold",
        "h",
        "Hold",
        "Hold the run back, so that it does not start, or release it; a paused one is released, too.",
    ),
    Action("devices", "hold_all", "H", "", "Hold all runs that wait, or release all of them."),
    Action("devices", "move(-1)", "K,shift+up", "Earlier", "Let the run start earlier by one place."),
    Action("devices", "move(1)", "J,shift+down", "Later", "Let the run start later by one place."),
    Action("devices", "place(1)", "t", "Top", "Put the run in front of all others."),
    Action("devices", "place(0)", "b", "", "Put the run behind all others."),
    Action("devices", "stop", "s", "Stop", "Take the run out of the queue, after a question."),
    Action("devices", "open", "enter", "Open", "Open the run: configuration, log, provenance."),
    Action("devices", "reconcile", "R", "Reconcile", "Put orphans in order: processes, runs, directories, records."),
)


def actions_of(place: Place) -> Iterator[Action]:
    """The actions of one place, in the order of the table."""
    return (action for action in ACTIONS if action.place == place)
