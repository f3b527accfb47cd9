"""What providers tell us. Each module checks signatures, names what came, and says how to store it.

Storing, spooling during an outage and replaying after it are shared: `services/webhook/door.py`.
"""

from routers.webhooks import android, sendgrid, twilio, twilio_voice

HANDLERS = {
    **twilio.HANDLERS,
    **twilio_voice.HANDLERS,
    **sendgrid.HANDLERS,
    **android.HANDLERS,
}
"""Every kind of webhook, with what stores it."""
