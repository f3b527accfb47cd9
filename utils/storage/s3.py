"""An S3-compatible bucket as a store. Imports boto3, so it is imported only where it is used."""

import contextlib
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from utils.storage.base import StorageFull, StorageMissing, StorageUnavailable, checked_key

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
    signature_version="s3v4",
    # Other stores than Amazon's do not know the checksums that boto3 sends since 2025.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_BY_PATH = Config(s3={"addressing_style": "path"})

_MISSING = {"NoSuchKey", "404", "NotFound"}
# Amazon's own never fills up; these are MinIO's, Ceph's and the HTTP status 507.
_FULL = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "507"}


class S3Storage:
    """Objects under `prefix` in `bucket`. One try takes up to 13 s, a call three tries.

    Make it after the fork: connections are not shared between processes. Threads may share it.
    """

    def __init__(
        self,
        bucket: str,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        prefix: str = "",
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{checked_key(prefix)}/" if prefix else ""
        self._client = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint_url,
            region_name=region or "us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            # A store of one's own has no DNS name for each bucket.
            config=_CONFIG.merge(_BY_PATH) if endpoint_url else _CONFIG,
        )

    def put(self, key: str, data: bytes) -> None:
        with _as_storage_errors():
            self._client.put_object(**self._object(key), Body=data)

    def get(self, key: str) -> bytes:
        with _as_storage_errors():
            answer = self._client.get_object(**self._object(key))
            with contextlib.closing(answer["Body"]) as body:
                return bytes(body.read())

    def delete(self, key: str) -> None:
        with _as_storage_errors():
            self._client.delete_object(**self._object(key))

    def exists(self, key: str) -> bool:
        try:
            with _as_storage_errors():
                self._client.head_object(**self._object(key))
        except StorageMissing:
            self.check()  # HEAD answers alike for a missing key and for a missing bucket
            return False
        return True

    def check(self) -> None:
        """Ask for the bucket. That it takes writes is only seen when something is put."""
        try:
            with _as_storage_errors():
                self._client.head_bucket(Bucket=self._bucket)
        except StorageMissing:
            raise StorageUnavailable("the bucket for recordings is not there") from None

    def _object(self, key: str) -> Any:
        return {"Bucket": self._bucket, "Key": self._prefix + checked_key(key)}


@contextlib.contextmanager
def _as_storage_errors() -> Iterator[None]:
    """Messages carry the store's error code only: the rest may quote keys and addresses."""
    try:
        yield
    except ClientError as refusal:
        code = refusal.response.get("Error", {}).get("Code", "an unknown error")
        status = refusal.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if code in _MISSING:
            raise StorageMissing("there is no such recording") from None
        if code in _FULL or status == 507:
            raise StorageFull("the recording store is full") from None
        raise StorageUnavailable(f"the recording store answers with {code}") from None
    except BotoCoreError as failure:
        name = type(failure).__name__
        raise StorageUnavailable(f"the recording store cannot be reached: {name}") from None
