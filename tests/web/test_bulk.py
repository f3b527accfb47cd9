"""Writing to many in the console: a file with faults, its columns, the dry run, start to end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests import http
from tests.template import PASSWORD
from tests.tree import Tree, wait_for
from tests.web.browser import SECONDS, needs_browser, seen
from tests.web.console import PHONE, chromium, judge, needs_console, opened

pytestmark = [needs_browser, needs_console, pytest.mark.timeout(300)]

FILE = (
    "Dossier;Qui;Joindre;Parle;Heure\n"
    "V1;Élise Mbarga;650000071;fr;9 h 30\n"
    "V2;Jean Fotso;12;fr;9 h 45\n"  # no such number
    "V3;Ewane Dooh;650 00 00 73;duala;10 h\n"
    "V1;Paul Atangana;650000074;fr;10 h 15\n"  # the same reference again
    "V5;Grace Tabi;650000075;english;10:30\n"
    "V6;Rose Manga;650000076;fr;\n"  # no time, and the text says it
).encode()
FRENCH, ENGLISH = (
    "L'hôpital vaccine samedi à {heure}, {name}.",
    "The hospital vaccinates on Saturday at {heure}, {name}.",
)
SAID = {
    "+237650000071": ["L'hopital vaccine samedi à 9 h 30, Élise Mbarga."],
    "+237650000073": ["L'hopital vaccine samedi à 10 h, Ewane Dooh."],  # no text in Duala
    "+237650000075": ["The hospital vaccinates on Saturday at 10:30, Grace Tabi."],
}


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as browser:
        yield browser


def choose_file(page: Page) -> None:
    """Its third column has no heading that is known, and one number that is none."""
    seen(page.get_by_role("link", name="Nouvel envoi groupé")).click()
    seen(page.get_by_label("Fichier CSV ou XLSX")).set_input_files(
        files=[{"name": "vaccins.csv", "mimeType": "text/csv", "buffer": FILE}]
    )
    column = page.get_by_label("Ce que contient « Joindre »")
    assert column.input_value() == ""
    seen(page.get_by_text("3 lignes refusées").or_(page.get_by_text("6 lignes refusées")))
    column.select_option("Téléphone")
    seen(page.get_by_text("2 lignes refusées"))
    lines = page.locator(".refused-lines tbody tr")
    assert ["Ce numéro a trop peu de chiffres." in lines.nth(0).inner_text(),
            "déjà plus haut" in lines.nth(1).inner_text()] == [True, True]  # fmt: skip
    with page.expect_download() as download:
        page.get_by_role("button", name="Télécharger ces lignes (CSV)").click()
    saved = download.value.path().read_text("utf-8-sig").splitlines()
    assert saved[0] == "Dossier;Qui;Joindre;Parle;Heure;Ligne;Colonne;Raison"
    assert saved[1] == "V2;Jean Fotso;12;fr;9 h 45;3;Joindre;Ce numéro a trop peu de chiffres."


def write(page: Page) -> None:
    page.get_by_role("button", name="Continuer").click()
    seen(page.get_by_label("Nom de l’envoi")).fill("Vaccins")
    page.get_by_label("Texte en français").fill(FRENCH)
    page.get_by_label("Texte en anglais").fill(ENGLISH)
    seen(page.get_by_text("1 ligne n’a rien dans une colonne dont le texte a besoin"))
    seen(page.get_by_text("Duala, 1 personne : sans texte à eux"))
    # This hospital folds its French; the console counts it as the service does.
    seen(page.get_by_text("1 SMS (GSM-7)").first)
    page.get_by_role("button", name="Continuer").click()
    seen(page.get_by_label("Messages par minute")).fill("12")


def test_a_file_with_faults_goes_out_to_whom_it_can(tree: Tree, browser: Browser) -> None:
    page = opened(browser, tree, "bulk", "staff@north", viewport=PHONE)
    choose_file(page)
    judge(page, "the columns of a file")
    write(page)
    # The session ends before anything is stored: nothing that was chosen or typed is lost.
    http.post(f"{tree.url}/api/v1/auth/logout-everywhere", headers=tree.token(), timeout=10)
    tree.tokens.clear()
    page.context.clear_cookies()
    page.get_by_role("button", name="Préparer l’essai à blanc").click()
    seen(page.get_by_label("Mot de passe")).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    seen(page.get_by_text("3 personnes recevront un message"))
    seen(page.get_by_text("3 SMS en tout"))
    seen(page.get_by_text("dont 1 d’une autre langue"))
    judge(page, "the dry run")
    page.get_by_role("button", name="Démarrer l’envoi").click()
    judge(page, "the last question")
    assert [tree.ledger(to=phone) for phone in SAID] == [[], [], []]
    page.get_by_role("button", name="Oui, envoyer à 3 personnes").click()

    seen(page.get_by_role("button", name="Mettre en pause")).click()
    seen(page.get_by_text("Rien ne part tant que vous ne reprenez pas."))
    judge(page, "a pause")
    page.get_by_role("button", name="Changer le rythme").click()
    seen(page.get_by_role("dialog").get_by_label("Messages par minute")).fill("6000")
    page.get_by_role("button", name="Enregistrer").click()
    seen(page.get_by_text("Le rythme est changé."))
    # They are five seconds apart: the last, at least, is held.
    assert sum(len(tree.ledger(to=phone)) for phone in SAID) < len(SAID)
    seen(page.get_by_role("button", name="Reprendre")).click()
    seen(page.get_by_text("Terminé", exact=True).first)
    seen(page.get_by_text("3 arrivés"))
    judge(page, "what is done")
    assert {phone: [one["body"] for one in tree.ledger(to=phone)] for phone in SAID} == SAID
    for phone in ("+237650000074", "12"):
        assert tree.ledger(to=phone) == []
    page.get_by_role("link", name="Envois groupés").first.click()
    seen(page.get_by_role("link", name="Vaccins").get_by_text("3 personnes"))
    page.context.close()


def test_what_is_refused_as_a_whole_is_said_in_words(tree: Tree, browser: Browser) -> None:
    page = opened(browser, tree, "bulk/new", "staff@north")
    chooser = page.get_by_label("Fichier CSV ou XLSX")
    for content, said in (
        (b"a\xff;b\n", "Ce fichier n’est pas en UTF-8"),
        (b"\xd0\xcf\x11\xe0 old", "Ancien format d’Excel"),
        (b"x" * (4 * 1024 * 1024 + 1), "Ce fichier est trop grand"),
        (b"a;b\nx;y\n", "Dites quelle colonne contient la référence"),
    ):
        chooser.set_input_files(
            files=[{"name": "liste.csv", "mimeType": "text/csv", "buffer": content}]
        )
        seen(page.get_by_text(said).first)
        assert page.get_by_role("button", name="Continuer").is_disabled()
    page.context.close()


def test_an_administrator_changes_the_rules_and_finds_it_in_the_log(
    tree: Tree, browser: Browser
) -> None:
    page = opened(browser, tree, "settings/rules", "admin@north")
    seen(page.get_by_label("Ne rien envoyer la nuit")).check()
    page.get_by_label("De", exact=True).fill("21:30")
    seen(page.get_by_text("Rien ne part entre 21:30 et 07:00."))
    page.get_by_role("button", name="Monter Anglais").click()
    # Somebody else is quicker with another setting: told, and nothing of either is lost.
    headers = tree.token("admin@north")
    path = f"{tree.url}/api/v1/establishment"
    http.patch(path, json={"daily_cap": 7}, headers=headers, timeout=10)
    page.get_by_role("button", name="Enregistrer").click()
    seen(page.get_by_role("button", name="Voir la version actuelle")).click()
    seen(page.get_by_text("Un même numéro reçoit au plus 7 messages par jour"))
    page.get_by_role("button", name="Enregistrer").click()
    seen(page.get_by_text("Les réglages sont enregistrés."))
    kept = http.get(path, headers=headers, timeout=10).json()
    assert (kept["quiet_hours"], kept["daily_cap"]) == ("21:30-07:00", 7)
    assert kept["languages"] == ["english", "french"]
    back = {"quiet_hours": None, "daily_cap": None, "languages": ["french", "english"]}
    http.patch(path, json=back, headers=headers, timeout=10)

    page.get_by_role("link", name="Jours fériés").click()
    seen(page.get_by_label("Jour", exact=True)).fill("2030-05-20")
    page.get_by_label("Nom").fill("Fête nationale")
    page.get_by_role("button", name="Ajouter un jour férié").click()
    seen(page.get_by_text("20 mai", exact=True))  # of every year, so of none
    page.get_by_role("button", name="Retirer Fête nationale").click()
    seen(page.get_by_text("Aucun jour férié"))

    page.get_by_role("link", name="Journal").click()
    seen(page.get_by_label("Objet", exact=True)).select_option("Jour férié")
    entries = page.locator(".audit-entry")
    wait_for(lambda: entries.count() == 2, "two entries about holidays", SECONDS)
    page.get_by_label("Quoi").select_option("Suppression")
    wait_for(lambda: entries.count() == 1, "one that was taken out", SECONDS)
    entries.get_by_text("détails").click()
    seen(entries.get_by_text("Fête nationale"))
    judge(page, "the audit log")
    page.context.close()
