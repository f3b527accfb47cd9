"""Templates: what a reminder says, written once per language and filled with parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter

from services.errors import Invalid

# Duala, Basaa and Ewondo are not here: their sentences come from people who speak them. Shared
# phones: no department, no diagnosis.
TEMPLATES: dict[str, dict[str, str]] = {
    "appointment": {
        "fra": "Bonjour. Nous vous attendons le {date} à {time}. Si vous ne pouvez pas venir,"
        " merci de nous prévenir. {hospital}",
        "eng": "Hello. We look forward to seeing you on {date} at {time}. If you cannot come,"
        " please let us know. {hospital}",
    },
    "treatment": {
        "fra": "Bonjour. C'est le moment de prendre votre traitement, comme convenu avec votre"
        " soignant. Bon courage. {hospital}",
        "eng": "Hello. It is time to take your treatment, as agreed with your carer."
        " We wish you well. {hospital}",
    },
    "results": {
        "fra": "Bonjour. Vos documents sont prêts. Vous pouvez venir les retirer aux heures"
        " d'ouverture. {hospital}",
        "eng": "Hello. Your documents are ready. You can collect them during opening hours."
        " {hospital}",
    },
}


def render(name: str, parameters: Mapping[str, str], preferred: Sequence[str]) -> tuple[str, str]:
    """The language used (the first preferred one that has the text) and the whole message.

    Raises `Invalid` on `template` or `parameters`.
    """
    texts = TEMPLATES.get(name)
    if texts is None:
        raise Invalid(
            f"There is no such template; there are: {', '.join(sorted(TEMPLATES))}.",
            field="template",
            code="template_unknown",
        )
    language = next((code for code in preferred if code in texts), None)
    if language is None:
        raise Invalid(
            "This template has no text in this language or the establishment's languages.",
            field="template",
            code="template_without_language",
        )
    needed = {field for _, field, _, _ in Formatter().parse(texts[language]) if field}
    missing, unknown = sorted(needed - set(parameters)), sorted(set(parameters) - needed)
    if missing or unknown:
        raise Invalid(
            f"This template takes exactly: {', '.join(sorted(needed)) or 'no parameters'}.",
            field="parameters",
            code="parameters_wrong",
        )
    return language, texts[language].format_map(parameters)
