"""A folder as a store: on this machine, or shared between machines."""

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from utils.storage.base import (
    StorageFull,
    StorageKeyRefused,
    StorageMissing,
    StorageUnavailable,
    checked_key,
)

_LEAST_FREE_BYTES = 16 * 1024 * 1024
_LEFTOVER_AGE_SECONDS = 24 * 3600
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LocalStorage:
    """Files of mode 0600 in folders of mode 0700 under `root`, which is made if need be.

    Each write goes to a new file, is synced, and then takes its name: a reader or a crash sees
    the old bytes or the new ones, never a part. What a crash leaves half-written lies under
    `.incoming`, where no key can reach, and goes after a day.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        """Raises StorageUnavailable when the folder cannot be made."""
        self._root = Path(root).absolute()
        self._incoming = self._root / ".incoming"
        with _as_storage_errors():
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._incoming.mkdir(mode=0o700, exist_ok=True)
            self._clear_leftovers()

    def put(self, key: str, data: bytes) -> None:
        target = self._path(key)
        with _as_storage_errors(), self._written(data) as finished:
            self._make_folders(target.parent)
            finished.replace(target)
            _sync_folder(target.parent)

    def get(self, key: str) -> bytes:
        try:
            with _as_storage_errors():
                return self._path(key).read_bytes()
        except StorageMissing:
            self._refuse_without_root()
            raise

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            with _as_storage_errors():
                path.unlink()
                _sync_folder(path.parent)
        except StorageMissing:
            self._refuse_without_root()

    def exists(self, key: str) -> bool:
        with _as_storage_errors():
            if self._path(key).is_file():
                return True
        self._refuse_without_root()
        return False

    def check(self) -> None:
        """Write, sync and remove a small file; raise StorageFull below 16 MB of free space."""
        with _as_storage_errors():
            space = os.statvfs(self._root)
            with self._written(b"check"):
                pass
        if space.f_bavail * space.f_frsize < _LEAST_FREE_BYTES:
            raise StorageFull("the recording folder has less than 16 MB left")

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    def _refuse_without_root(self) -> None:
        """A share that is not mounted has no files; that does not make them missing."""
        if not self._incoming.is_dir():
            raise StorageUnavailable("the recording folder is not there")

    @contextlib.contextmanager
    def _written(self, data: bytes) -> Iterator[Path]:
        """A new synced file with `data`, for the caller to rename; removed if it does not."""
        # 128 random bits and O_EXCL: two writers can neither meet nor be led elsewhere by a link.
        path = self._incoming / secrets.token_hex(16)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileNotFoundError:
            raise StorageUnavailable("the recording folder is not there") from None
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _make_folders(self, folder: Path) -> None:
        """Make `folder` durable below the root: each new name is synced in its parent."""
        missing = [p for p in (folder, *folder.parents) if self._root in p.parents]
        for path in reversed(missing):
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
                _sync_folder(path.parent)

    def _clear_leftovers(self) -> None:
        oldest_kept = time.time() - _LEFTOVER_AGE_SECONDS
        for leftover in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process clears as well
                if leftover.stat().st_mtime < oldest_kept:
                    leftover.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _as_storage_errors() -> Iterator[None]:
    """Messages name the kind of failure only: a path holds an establishment and a reference."""
    try:
        yield
    except FileNotFoundError:
        raise StorageMissing("there is no such recording") from None
    except (NotADirectoryError, IsADirectoryError):
        raise StorageKeyRefused("one storage key is the folder of another") from None
    except OSError as failure:
        if failure.errno in _FULL:
            raise StorageFull("the recording folder is full") from None
        name = errno.errorcode.get(failure.errno or 0, "an unknown error")
        raise StorageUnavailable(f"the recording folder answers with {name}") from None
