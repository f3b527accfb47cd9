"""What an administrator does with phrases, step by step, in the console and in French."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.tree import wait_for
from tests.web.browser import SECONDS, seen
from tests.web.console import judge


@dataclass(frozen=True)
class Cell:
    """What the table says of one flow in one language."""

    missing: int
    approved: int


def open_phrases(page: Page) -> None:
    """From wherever one is to the page of phrases; on a phone it is behind "More"."""
    more = page.get_by_role("button", name="Plus")
    if more.is_visible():
        more.click()
    seen(page.get_by_role("link", name="Phrases", exact=True).last).click()
    seen(page.get_by_role("heading", name="Où en est chaque langue"))


def cell(page: Page) -> Cell:
    """Feedback by phone in Duala."""
    text = page.locator("a[href$='/phrases/feedback_by_phone/duala']").inner_text()
    missing = re.search(r"(\d+) manqu", text)
    approved = re.search(r"(\d+) sur 13", text)
    assert approved, text
    return Cell(int(missing[1]) if missing else 0, int(approved[1]))


def choose_flow(page: Page) -> None:
    page.locator("a[href$='/phrases/feedback_by_phone/duala']").click()
    seen(page.get_by_role("heading", name="Avis par téléphone"))
    seen(page.get_by_text("Pas encore possible"))


def choose_phrase(page: Page, key: str) -> None:
    seen(page.get_by_role("link", name=key)).click()
    seen(page.get_by_role("heading", name=key))
    page.reload()  # its address is a page's, though the key has a dot
    seen(page.get_by_role("heading", name=key))


def write(page: Page, text: str, *, names_hospital: bool) -> None:
    """Write the words; a value that is missing is told and added with a press."""
    page.get_by_label("Texte", exact=True).fill(text)
    if names_hospital:
        seen(page.get_by_text("Il manque {hospital}."))
        assert page.get_by_role("button", name="Enregistrer le texte").is_disabled()
        page.get_by_role("button", name="Ajouter {hospital}").click()
    page.get_by_role("button", name="Enregistrer le texte").click()
    seen(page.get_by_text("Le texte est enregistré."))
    seen(page.get_by_text("Il manque l’enregistrement."))


def record(page: Page) -> None:
    """Speak for a moment, listen, keep."""
    page.get_by_role("button", name="Enregistrer avec le micro").click()
    seen(page.get_by_role("meter", name="Niveau du micro"))
    page.wait_for_timeout(1500)  # a recording takes its time
    page.get_by_role("button", name="Arrêter").click()
    made = page.locator(".made")
    seen(made.get_by_role("button", name="Écouter")).click()
    page.get_by_role("button", name="Garder cet enregistrement").click()
    seen(page.get_by_text("L’enregistrement est gardé."))


def approve(page: Page, text: str) -> None:
    """A second person finds what waits, listens to it, and approves it."""
    seen(page.get_by_role("link", name=text).first).click()
    seen(page.get_by_role("button", name="Écouter", exact=True)).click()
    audio = page.locator(".player audio")
    wait_for(lambda: audio.count() == 1, "the voice", SECONDS)
    seen(page.get_by_role("button", name="Approuver", exact=True)).click()
    seen(page.get_by_text("La phrase est approuvée."))


def take_in(page: Page, content: bytes, language: str) -> None:
    """Phrases from a file: one that is broken is refused whole, and says where."""
    page.get_by_role("button", name="Fichiers…").click()
    dialog = page.get_by_role("dialog")
    seen(dialog.get_by_label("Langue du fichier")).select_option(label=language)
    chooser = dialog.locator("input[type=file]")
    broken = content.replace(b"{hospital}", b"{nobody}", 1)
    for file, said in ((broken, "Rien n’a été pris : 1 ligne"), (content, "5 phrases prises")):
        chooser.set_input_files(
            files=[{"name": "phrases.csv", "mimeType": "text/csv", "buffer": file}]
        )
        seen(dialog.get_by_text(said))
    judge(page, "phrases from a file")
    dialog.get_by_role("button", name="Fermer").click()


def hear_a_call(page: Page) -> None:
    """Call, choose a language, rate, say nothing twice: the call ends by itself."""
    path = page.url.rpartition("/")[0]
    page.goto(f"{path}/call")
    seen(page.get_by_role("button", name="Appeler")).click()
    keys = page.get_by_label("Touches du téléphone")
    keys.get_by_role("button", name="3", exact=True).click()
    seen(keys.get_by_role("button", name="0", exact=True))
    said = page.get_by_label("Ce que l’on entend").inner_text()
    keys.get_by_role("button", name="5", exact=True).click()
    judge(page, "a call")
    for _ in range(2):
        keys.get_by_role("button", name="Ne rien faire").click()
    seen(page.get_by_role("button", name="Recommencer"))
    said += page.get_by_label("Ce que l’on entend").inner_text()
    assert "[dua] parole" in said
