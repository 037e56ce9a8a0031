"""What is left after a power loss: a file that was synced as it was then, in a directory that was synced; all else is gone.

No file system loses as much, but some leave zeros. A file that was renamed or created without a sync of its directory is not
there, nor is what was written since its last sync, and what was removed without a sync is there again.
"""

import contextlib
import json
import os
import shutil
import threading
from pathlib import Path

_sync = os.fsync


class Disk:
    """What of a directory is safe. `store` holds it: the contents of files by inode, and the names in directories."""

    def __init__(self, root: Path, store: Path) -> None:
        self._root = root
        self._store = store

    def begin(self) -> None:
        """From now on syncs are noted; all that is there is safe."""
        for name in ("files", "names", "kept"):
            (self._store / name).mkdir(parents=True)
        for folder, _, names in os.walk(self._root):
            for name in names:
                self._keep_file(Path(folder) / name)
            self._keep_names(Path(folder))

    def note_syncs(self) -> None:
        """Let `os.fsync` of this process note what it makes safe."""

        one_at_a_time = threading.Lock()

        def sync(descriptor: int) -> None:
            _sync(descriptor)
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            if path.is_relative_to(self._root):
                with one_at_a_time:
                    (self._keep_names if path.is_dir() else self._keep_file)(path)

        os.fsync = sync  # type: ignore[assignment]

    def survivors(self, target: Path, *, sizes: bool = False) -> None:
        """Write what is safe to another place.

        `sizes`: files have the sizes that they had, with zeros where nothing is safe, as on file systems that keep sizes at once.
        """
        paths = (Path(folder) / name for folder, _, names in os.walk(self._root) for name in names)
        seen = {path.lstat().st_ino: path.lstat().st_size for path in paths} if sizes else {}
        self._write(self._root.stat().st_ino, target, seen)

    def _write(self, inode: int, target: Path, sizes: dict[int, int]) -> None:
        target.mkdir()
        listing = self._store / "names" / str(inode)
        for name, (kind, number, link) in json.loads(listing.read_text()).items() if listing.exists() else ():
            path, content = target / name, self._store / "files" / str(number)
            if kind == "folder":
                self._write(number, path, sizes)
            elif kind == "link":
                path.symlink_to(link)
            elif content.exists():
                shutil.copyfile(content, path)
            else:
                path.touch()  # the name is safe, what was written is not
            if kind == "file" and path.stat().st_size < sizes.get(number, 0):
                os.truncate(path, sizes[number])

    def _keep_file(self, path: Path) -> None:
        if path.is_symlink():
            return
        inode = self._hold(path)
        new = self._store / "files" / f"{inode}.{os.getpid()}"
        shutil.copyfile(path, new)
        new.replace(self._store / "files" / str(inode))

    def _hold(self, path: Path) -> int:
        """The number of a file, which does not become that of another one as long as this disk is looked at."""
        inode = path.stat().st_ino
        with contextlib.suppress(FileExistsError):
            os.link(path, self._store / "kept" / str(inode))
        return inode

    def _keep_names(self, folder: Path) -> None:
        found = {}
        for path in folder.iterdir():
            kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "file"
            with contextlib.suppress(FileNotFoundError):  # another thread has removed it in between
                inode = self._hold(path) if kind == "file" else path.lstat().st_ino
                found[path.name] = (kind, inode, str(path.readlink()) if kind == "link" else "")
        listing = self._store / "names" / str(folder.stat().st_ino)
        new = listing.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(found))
        new.replace(listing)
