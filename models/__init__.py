"""SQLAlchemy: the tables. Importing this package fills both sets of metadata."""

from models import (
    address,
    alarm,
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
    task,
    user,
)
from models.base import Base, SharedBase

__all__ = [
    "Base",
    "SharedBase",
    "address",
    "alarm",
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
    "task",
    "user",
]
