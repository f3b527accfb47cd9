"""One interface for stored bytes: a local (or shared) folder, or any S3-compatible store.

The bytes are encrypted by the caller; a store never sees a recording in the clear.
"""

from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from utils.storage.base import (
    Storage,
    StorageError,
    StorageFull,
    StorageKeyRefused,
    StorageMissing,
    StorageUnavailable,
)
from utils.storage.local import LocalStorage

__all__ = [
    "LocalStorage",
    "Storage",
    "StorageError",
    "StorageFull",
    "StorageKeyRefused",
    "StorageMissing",
    "StorageUnavailable",
    "storage_from_url",
]


def storage_from_url(
    url: str, access_key: str | None = None, secret_key: str | None = None
) -> Storage:
    """Open `file:///folder` or `s3://bucket/prefix?endpoint=https://host&region=name`.

    Without keys S3 uses what the machine itself offers (its role, its environment). Raises
    ValueError, without quoting the URL, when it is neither; opens no connection.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return _folder(parts)
    if parts.scheme == "s3":
        return _bucket(parts, access_key, secret_key)
    raise ValueError("a storage URL starts with file:// or s3://")


def _folder(parts: SplitResult) -> Storage:
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise ValueError("a file storage URL has three slashes and an absolute folder")
    if parts.query or parts.fragment:
        raise ValueError("a file storage URL takes no parameters")
    return LocalStorage(unquote(parts.path))


def _bucket(parts: SplitResult, access_key: str | None, secret_key: str | None) -> Storage:
    # Only those who use S3 pay for boto3: about 20 MB of memory and half a second.
    from utils.storage.s3 import S3Storage

    if not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError("an S3 storage URL is s3://bucket/prefix, and holds no password")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    endpoint, region = options.pop("endpoint", None), options.pop("region", None)
    if options:
        raise ValueError("an S3 storage URL takes the parameters endpoint and region only")
    if endpoint is not None and urlsplit(endpoint).scheme not in {"http", "https"}:
        raise ValueError("the endpoint of an S3 storage URL starts with http:// or https://")
    return S3Storage(
        parts.netloc,
        endpoint_url=endpoint,
        region=region,
        access_key=access_key,
        secret_key=secret_key,
        prefix=unquote(parts.path).strip("/"),
    )
