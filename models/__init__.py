"""SQLAlchemy: the tables. Importing this package fills both sets of metadata."""

from models import (
    address,
    audit,
    contact,
    delivery,
    department,
    device,
    due,
    establishment,
    feedback,
    idempotency,
    installation,
    message,
    recording,
    reminder,
    sealing_key,
    task,
    user,
)
from models.base import Base, SharedBase

__all__ = [
    "Base",
    "SharedBase",
    "address",
    "audit",
    "contact",
    "delivery",
    "department",
    "device",
    "due",
    "establishment",
    "feedback",
    "idempotency",
    "installation",
    "message",
    "recording",
    "reminder",
    "sealing_key",
    "task",
    "user",
]
