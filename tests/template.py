"""Makes the template database: migrated, with two hospitals, an administrator and their senders."""

from __future__ import annotations

import os
from datetime import time

from sqlalchemy.orm import Session

from config.settings import get_settings
from database.engine import owner_engine
from database.migrate import upgrade_everything
from models.establishment import Establishment
from models.user import Role
from services.establishment.founding import create_establishment, set_sender
from services.people.user import create_user

PASSWORD = "correct-horse-battery"
SOUTH_NUMBER = "+15005550007"


def main() -> None:
    """Fill the database that DATABASE_URL names."""
    upgrade_everything()
    engine = owner_engine(get_settings().database)
    north = create_establishment(
        engine,
        Establishment(slug="north", name="Hôpital Nord", languages=["fra", "eng"], is_default=True),
    )
    south = create_establishment(
        engine,
        Establishment(
            slug="south",
            name="South Clinic",
            languages=["eng", "fra"],
            quiet_start=time(20),
            quiet_end=time(7),
        ),
    )
    ours = os.environ["TWILIO_PHONE_NUMBER"]
    with Session(engine) as session, session.begin():
        for establishment, number in ((north, ours), (south, SOUTH_NUMBER)):
            for channel, address, provider in (
                ("sms", number, "twilio"),
                ("voice", number, "twilio"),
                ("email", os.environ["EMAIL_FROM"], "sendgrid"),
            ):
                set_sender(
                    session,
                    establishment,
                    channel,
                    address,
                    provider,
                    can_receive=establishment == north and channel != "email",
                )
        for place, establishment in (("north", north), ("south", south)):
            for role in Role:
                create_user(
                    session,
                    establishment,
                    email=f"{role.value}@{place}.example",
                    password=PASSWORD,
                    role=role,
                    name=None,
                )


if __name__ == "__main__":
    main()
