"""What the service says, by the name that a dialogue gives it, in French and English."""

from __future__ import annotations

PHRASES = {
    "THANKS": (
        "Merci. Votre avis nous aide à mieux vous accueillir. Hôpital Nord",
        "Thank you. What you say helps us to look after you better. South Clinic",
    ),
    "RATING": ("Merci de votre message. Quelle note…", "Thank you for your message. How…"),
    "WORDS": ("Merci de votre note. Si vous…", "Thank you for your rating. If you…"),
    "WHOSE": ("Pour qui est ce message ? … :", "Who is this message about? …:"),
    "HELP": ("Hôpital Nord. Écrivez-nous…", "South Clinic. Write to us…"),
    "NOTED": ("Nous avons bien reçu…", "We have received your message…"),
    "MEDIA": ("Nous ne pouvons pas voir…", "We cannot see the pictures…"),
    "CONFIRMED": ("Merci, c'est noté, nous vous attendons. …", "Thank you, we have noted it and…"),
    "RESCHEDULE": ("C'est noté. Nous vous appellerons…", "We have noted it. We will call you…"),
    "WHICH": ("De quel rappel s'agit-il ? …:", "Which reminder do you mean? …:"),
    "AGAIN": ("Pardon, nous n'avons pas compris. …", "Sorry, we did not understand. …"),
    "CANCELLED": ("Ce rappel a été annulé…", "Our team has called off this reminder…"),
    "LATE": ("Votre réponse nous est parvenue après…", "Your answer reached us after…"),
    "STOPPED": (
        "C'est noté, vous ne recevrez plus…",
        "We have noted it: you will receive no more…",
    ),
    "STARTED": ("C'est noté, vous recevrez à nouveau…", "We have noted it: you will receive our…"),
    "LANGUAGES": ("Dans quelle langue vous écrire ? …:", "In which language shall we write …:"),
    "CHOSEN": ("C'est noté, nous vous écrirons en français. …", "…will write to you in English. …"),
}


def in_words(script: str, language: str) -> str:
    """A script with the phrases of a language (`fra`, `eng`) in it."""
    for name, both in PHRASES.items():
        script = script.replace(f"> {name}", f"> {both[0 if language == 'fra' else 1]}")
    return script
