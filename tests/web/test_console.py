"""A nurse's day in the console: at a desk, by the keyboard alone, and on a bad day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

from services.phrase.phrases import FLOWS, placeholders
from tests import http
from tests.tree import Tree, wait_for
from tests.web.browser import SECONDS, needs_browser, seen
from tests.web.conftest import rows
from tests.web.console import (
    DESK,
    PHONE,
    chromium,
    go_to,
    judge,
    judge_both_themes,
    needs_console,
    opened,
    picture,
    sign_in,
    sign_out,
)
from tests.web.phrase_day import (
    approve,
    cell,
    choose_flow,
    choose_phrase,
    hear_a_call,
    open_phrases,
    record,
    take_in,
    write,
)

pytestmark = [needs_browser, needs_console, pytest.mark.timeout(300)]

PATIENTS = (
    ("PAT123", "Marie-Claire Ngo Bassong", "650000001"),
    ("PAT300", "عائشة بنت محمد", "650000003"),
    ("PAT400", "W" * 110, "650000004"),
)
WEEKS = 7
LATER = (datetime.now(UTC) + timedelta(days=60)).isoformat()
HOSTILE = '<img src=x onerror="document.title=1"> ' + "x" * 200
SCREENS = (
    "", "reminders", "reminders/new", "bulk", "bulk/new", "bulk/1", "bulk/1/change", "feedback",
    "tasks", "trends", "phrases", "phrases/choices_by_sms/french/help",
    "phrases/feedback_by_phone/duala", "phrases/feedback_by_phone/french/call",
    "settings/departments", "settings/users", "settings/senders", "settings/devices",
    "settings/audit", "settings/rules", "settings/holidays", "deliveries", "nowhere",
)  # fmt: skip


def post(tree: Tree, path: str, body: Any, who: str = "staff@north") -> Any:
    answer = http.post(f"{tree.url}/api/v1/{path}", json=body, headers=tree.token(who), timeout=10)
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture(scope="module", autouse=True)
def patients(tree: Tree) -> None:
    for reference, name, phone in PATIENTS:
        post(
            tree,
            "contacts",
            {"patient_id": reference, "name": name, "phone_number": phone, "language": "french"},
        )


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as browser:
        yield browser


def write_reminder(page: Page, patient: str, message: str) -> None:
    seen(page.get_by_role("combobox", name="Patient")).fill(patient)
    seen(page.get_by_role("option", name="PAT")).click()
    page.get_by_label("Message", exact=True).fill(message)


def test_a_day_at_the_desk(tree: Tree, browser: Browser) -> None:
    page = opened(browser, tree)
    sign_in(page)
    seen(page.get_by_role("link", name="Nouveau rappel")).click()
    write_reminder(page, "marie", "Nous vous attendons lundi à l'hôpital.")
    page.get_by_label("Maintenant").check()
    plan = page.get_by_label("Ce qui va se passer")
    seen(plan.get_by_text("1 SMS (GSM-7)"))  # this hospital folds its French
    assert plan.get_by_text("Ces signes doublent le prix").count() == 0
    page.get_by_role("button", name="Programmer le rappel").click()
    seen(page.get_by_role("heading", name="Rappel pour PAT123"))
    # Seen without reloading: accepted, and arrived.
    seen(page.get_by_text("Accepté par l’opérateur"))
    seen(page.get_by_text("Arrivé sur le téléphone"))
    assert [one["body"] for one in tree.ledger(to="+237650000001")] == [
        "Nous vous attendons lundi à l'hopital."
    ]
    sign_out(page)
    page.goto(f"{tree.url}/console/reminders")
    seen(page.get_by_role("heading", name="Bonjour."))
    page.context.close()


def test_a_day_on_the_phone(tree: Tree, browser: Browser) -> None:
    """A treatment each day, tried out on the nurse herself, and once left out."""
    elsewhere = opened(browser, tree, who="staff@north")
    page = opened(browser, tree, viewport=PHONE)
    sign_in(page)
    seen(page.get_by_role("link", name="Nouveau rappel")).click()
    write_reminder(page, "marie", "Prenez votre traitement.")
    page.get_by_label("Plusieurs fois").check()
    page.get_by_label("Premier jour").fill(
        (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    )
    page.get_by_label("Heure").fill("10:00")
    seen(page.get_by_role("button", name="M’envoyer un essai")).click()
    seen(page.get_by_label("Votre téléphone")).fill("650 00 00 99")
    page.get_by_role("button", name="Envoyer l’essai").click()
    seen(page.get_by_text("L’essai est parti."))
    wait_for(lambda: tree.ledger(to="+237650000099"), "the trial", SECONDS)
    page.get_by_role("button", name="Programmer le rappel").click()
    seen(page.get_by_role("heading", name="Rappel pour PAT123"))
    seen(page.get_by_role("button", name=re.compile("^Sauter ")).first).click()
    seen(page.get_by_text("sautée", exact=True))
    judge(page, "a series, once left out")
    page.locator(".account button").click()
    seen(page.get_by_role("button", name="Se déconnecter partout")).click()
    asked = seen(page.get_by_role("alertdialog"))
    asked.get_by_role("button", name="Se déconnecter partout").click()
    seen(page.get_by_role("heading", name="Bonjour."))
    elsewhere.reload()
    seen(elsewhere.get_by_role("heading", name="Bonjour."))
    assert [one["body"] for one in tree.ledger(to="+237650000099")] == ["Prenez votre traitement."]
    for one in (page, elsewhere):
        one.context.close()
    tree.tokens.clear()


@pytest.mark.parametrize(("viewport", "phrase"), [(DESK, "phone.welcome"), (PHONE, "phone.thanks")])
def test_an_administrators_day(tree: Tree, browser: Browser, viewport: Any, phrase: str) -> None:
    page = opened(browser, tree, who="admin@north", viewport=viewport, permissions=["microphone"])
    open_phrases(page)
    before = cell(page)
    choose_flow(page)
    choose_phrase(page, phrase)
    write(page, "[dua] parole", names_hospital=phrase == "phone.welcome")
    record(page)
    seen(page.get_by_text("une autre personne doit l’approuver").first)
    assert page.get_by_role("button", name="Approuver", exact=True).count() == 0
    judge(page, f"{phrase}, recorded")

    second = opened(browser, tree, viewport=viewport)
    sign_in(second)
    open_phrases(second)
    approve(second, "[dua] parole")
    sign_out(second)
    second.context.close()

    # Seen without reloading by who wrote it; one phrase less is missing than in the morning.
    seen(page.locator(".editor").get_by_text("Approuvée", exact=True))
    if viewport is PHONE:
        hear_a_call(page)
    open_phrases(page)
    after = cell(page)
    assert after.missing == before.missing - 1
    assert after.approved == before.approved + 1
    sign_out(page)
    page.context.close()


def test_a_language_comes_from_a_file_and_into_service(tree: Tree, browser: Browser) -> None:
    keys = FLOWS["choices_by_sms"]
    lines = [f"{key},ewondo,{sample(key)}," for key in keys]
    page = opened(browser, tree, "phrases", "admin@north")
    take_in(page, "\n".join(["key,language,text,sms_text", *lines]).encode(), "Ewondo")
    seen(page.locator("a[href$='/phrases/choices_by_sms/ewondo']")).click()
    switch = seen(page.get_by_role("button", name="Mettre en service"))
    assert switch.is_disabled()  # nobody else has approved it
    for key in keys:
        post(tree, f"phrases/{key}/ewondo/approve", None)
    wait_for(switch.is_enabled, "the approvals to be seen", SECONDS)
    switch.click()
    seen(page.get_by_text("En service.", exact=True))
    # Somebody else sets other languages meanwhile: what is offered here comes to theirs.
    headers = tree.token("admin@north")
    path = f"{tree.url}/api/v1/establishment"
    http.patch(path, json={"languages": ["english", "french"]}, headers=headers, timeout=10)
    seen(page.get_by_role("button", name="Proposer cette langue")).click()
    seen(page.get_by_text("Cette langue est maintenant proposée aux patients."))
    kept = http.get(path, headers=headers, timeout=10).json()["languages"]
    assert kept == ["english", "french", "ewondo"]
    judge(page, "a flow in service")
    page.get_by_role("button", name="Mettre hors service").click()
    seen(page.get_by_role("alertdialog")).get_by_role("button", name="Mettre hors service").click()
    seen(page.get_by_role("button", name="Mettre en service"))
    back = {"languages": ["french", "english"]}
    assert http.patch(path, json=back, headers=headers, timeout=10).is_success
    page.context.close()


def sample(key: str) -> str:
    return " ".join(["[ewo]", *(f"{{{name}}}" for name in sorted(placeholders(key)))])


def test_a_day_by_the_keyboard_alone(tree: Tree, browser: Browser) -> None:
    page = opened(browser, tree)

    def reach(name: str, key: str = "Tab") -> None:
        """Go on with the keyboard until what has this name has the focus."""
        for _ in range(60):
            page.keyboard.press(key)
            if page.evaluate(NAMED) == name:
                return
        raise AssertionError(f"the keyboard does not reach {name}")

    reach("Adresse e-mail")
    page.keyboard.type("staff@north.example")
    reach("Mot de passe")
    page.keyboard.type("correct-horse-battery")
    page.keyboard.press("Enter")
    seen(page.get_by_role("heading", name="Aujourd’hui"))
    reach("Aller au contenu")
    reach("Nouveau rappel")
    page.keyboard.press("Enter")
    seen(page.get_by_role("heading", name="Nouveau rappel"))
    reach("Patient")
    page.keyboard.type("PAT300")
    seen(page.get_by_role("option", name="PAT300"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    seen(page.get_by_text("عائشة"))
    reach("Message")
    page.keyboard.type("Bonjour, à lundi.")
    reach("Maintenant")
    page.keyboard.press("Space")
    seen(page.get_by_label("Ce qui va se passer").get_by_text("1 SMS (GSM-7)"))
    reach("Programmer le rappel")
    page.keyboard.press("Enter")
    seen(page.get_by_role("heading", name="Rappel pour PAT300"))
    page.context.close()


NAMED = """() => {
  const one = document.activeElement
  const label = one.labels?.[0]?.innerText.trim()
  return one.getAttribute('aria-label') || label || one.innerText?.trim()
}"""


def test_the_second_of_two_nurses_is_told(tree: Tree, browser: Browser) -> None:
    made = post(
        tree,
        "reminders",
        {"patient_id": "PAT123", "message": "Première version.",
         "scheduled_time": LATER},
    )  # fmt: skip
    path = f"reminders/{made['id']}"
    pages = [opened(browser, tree, path, "staff@north") for _ in range(2)]
    for page, text in zip(pages, ("De la première.", "De la seconde."), strict=True):
        seen(page.get_by_role("button", name="Modifier")).click()
        seen(page.get_by_label("Message")).fill(text)
    first, second = pages
    first.get_by_role("button", name="Enregistrer").click()
    seen(first.get_by_text("Le rappel est modifié."))
    second.get_by_role("button", name="Enregistrer").click()
    seen(second.get_by_text("Quelqu’un d’autre a modifié ceci entre-temps."))
    assert second.get_by_label("Message").input_value() == "De la seconde."
    kept = http.get(
        f"{tree.url}/api/v1/reminders/{made['id']}", headers=tree.token(), timeout=10
    ).json()
    assert kept["message"] == "De la première."
    seen(second.get_by_role("dialog").get_by_text("De la première."))
    for page in pages:
        page.context.close()


def test_a_patients_own_times_are_kept_where_the_reminder_is_written(
    tree: Tree, browser: Browser
) -> None:
    """A day, then quiet hours: each is seen in the plan as soon as it is saved."""
    post(tree, "contacts", {"patient_id": "PAT700", "phone_number": "+237650000077"})
    day = (datetime.now(UTC) + timedelta(days=30)).date()
    page = opened(browser, tree, "reminders/new", "staff@north")
    write_reminder(page, "PAT700", "Votre rendez-vous approche.")
    page.get_by_label("Jour", exact=True).fill(f"{day}")
    page.get_by_label("Heure").fill("10:00")
    plan = page.get_by_label("Ce qui va se passer")
    seen(plan.get_by_text("1 SMS (GSM-7)"))
    assert plan.get_by_text("sans message").count() == 0
    page.get_by_role("button", name="Moments sans message").click()
    dialog = seen(page.get_by_role("dialog"))
    dialog.get_by_label("Jour", exact=True).fill(f"{day}")
    dialog.get_by_role("button", name="Ajouter un jour").click()
    seen(dialog.get_by_role("button", name="Retirer"))
    dialog.get_by_role("button", name="Fermer").click()
    seen(page.get_by_role("button", name="Moments sans message (1 jour)"))
    seen(plan.get_by_text("Avancé : un jour sans message suit."))

    page.get_by_label("Jour", exact=True).fill(f"{day + timedelta(days=2)}")
    page.get_by_label("Heure").fill("06:15")
    seen(plan.get_by_text("06:15"))
    page.get_by_role("button", name="Moments sans message").click()
    dialog.get_by_label("Ne rien envoyer la nuit").check()
    dialog.get_by_label("De", exact=True).fill("07:30")
    dialog.get_by_label("À", exact=True).fill("07:30")
    dialog.get_by_role("button", name="Enregistrer").click()
    seen(dialog.get_by_text("Choisissez deux heures différentes."))
    picture(page, "own-times-refused-fr")
    dialog.get_by_label("De", exact=True).fill("21:00")
    judge_both_themes(page, "a patient's times without messages")
    picture(page, "own-times-fr")
    page.set_viewport_size(PHONE)
    judge(page, "a patient's times without messages, on a phone")
    picture(page, "own-times-fr-390")
    page.set_viewport_size(DESK)
    dialog.get_by_role("button", name="Enregistrer").click()
    seen(page.get_by_text("Les heures de silence sont enregistrées."))
    dialog.get_by_role("button", name="Fermer").click()
    seen(page.get_by_role("button", name="Moments sans message (21:00–07:30, 1 jour)"))
    seen(plan.get_by_text("Reporté : heures de silence."))
    seen(plan.get_by_text("07:30"))
    picture(page, "own-times-plan-fr")
    page.set_viewport_size(PHONE)
    picture(page, "own-times-plan-fr-390")
    shown = http.get(
        f"{tree.url}/api/v1/contacts",
        params={"patient_id": "PAT700"},
        headers=tree.token(),
        timeout=10,
    ).json()
    (kept,) = shown["items"]
    assert kept["quiet_hours"] == "21:00-07:30"
    assert kept["holidays"] == [{"day": f"{day}", "every_year": False}]
    page.context.close()


def test_a_session_that_ends_and_a_service_that_is_away_lose_no_word(
    tree: Tree, browser: Browser
) -> None:
    page = opened(browser, tree, "reminders/new", "staff@north")
    write_reminder(page, "PAT123", "Ce texte reste.")
    page.get_by_label("Maintenant").check()
    http.post(f"{tree.url}/api/v1/auth/logout-everywhere", headers=tree.token(), timeout=10)
    tree.tokens.clear()
    page.context.clear_cookies()
    page.get_by_role("button", name="Programmer le rappel").click()
    seen(page.get_by_role("heading", name="Votre session a pris fin"))
    judge(page, "signing in again")
    assert page.get_by_label("Message", exact=True).input_value() == "Ce texte reste."
    page.get_by_label("Mot de passe").fill("correct-horse-battery")
    page.get_by_role("button", name="Se connecter", exact=True).click()
    seen(page.get_by_role("heading", name="Rappel pour PAT123"))

    page.get_by_role("link", name="Rappels").last.click()
    seen(page.get_by_role("link", name="Nouveau rappel")).click()
    write_reminder(page, "PAT123", "Celui-ci aussi.")
    page.get_by_label("Maintenant").check()
    page.context.set_offline(True)
    page.get_by_role("button", name="Programmer le rappel").click()
    seen(page.get_by_text("Careloop ne répond pas."))
    page.context.set_offline(False)
    seen(page.get_by_text("Celui-ci aussi.").last)
    seen(page.get_by_role("heading", name="Rappel pour PAT123"))
    arrived = [one["body"] for one in tree.ledger(to="+237650000001")]
    wait_for(
        lambda: "Celui-ci aussi." in [o["body"] for o in tree.ledger(to="+237650000001")],
        "the second reminder",
        SECONDS,
    )
    assert arrived.count("Celui-ci aussi.") <= 1
    page.context.close()


def test_every_screen_in_both_languages_and_themes(tree: Tree, browser: Browser) -> None:
    post(tree, "feedback", {"language": "french", "rating": 1, "content": HOSTILE})
    post(tree, "reminders", {"patient_id": "PAT400", "message": HOSTILE[40:] + " 😀",
                             "scheduled_time": LATER})  # fmt: skip
    for week in range(WEEKS):
        number = post(tree, "feedback", {"language": "french", "rating": 4})["id"]
        then = "update est_1.feedbacks set date_submitted = now() - %s * interval '7 days'"
        rows(tree, then + " where id = %s", week, number)
    post(tree, "campaigns", {"name": "W" * 110, "texts": {"french": HOSTILE}, "filter": {}})
    page = opened(browser, tree, viewport=PHONE)
    seen(page.get_by_role("heading", name="Bonjour."))
    judge_both_themes(page, "signing in")
    sign_in(page, "admin@north")
    for screen in SCREENS:
        go_to(page, screen)
        judge_both_themes(page, screen)
        if screen == "trends":  # figures of many weeks, wider than a phone
            assert page.locator(".ratings thead th").count() > WEEKS
    assert page.title() != "1"
    page.get_by_role("button", name="Plus").click()
    judge_both_themes(page, "the account")
    page.get_by_role("radio", name="English").check()
    seen(page.get_by_role("button", name="Sign out", exact=True))
    page.get_by_role("radio", name="Dark").check()
    page.reload()
    seen(page.get_by_role("link", name="Feedback", exact=True))
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.context.close()
