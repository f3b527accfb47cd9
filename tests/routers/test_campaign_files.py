"""A campaign's recipients from a file: looked through, stored, and who is left out and why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.test_contact_xlsx import workbook

Headers = dict[str, str]
PATH = "/api/v1/campaigns"
FILE = (
    "Référence;Nom;Téléphone;Langue\n"
    "P0;NGO Marie;650000000;\n"  # known: the same name in another order
    "P1;;650000099;\n"  # known, with another phone
    "P2;Paul Biya;;\n"  # known, by another name
    "N1;Élise;650000011;duala\n"  # new
    "N2;Jean;12;\n"  # no such number
    "N3;Luc;;\n"  # new, and nowhere to reach
    "n1;Élise;650000011;\n"  # twice
).encode()
CODES = {
    3: "contact_differs", 4: "contact_differs", 6: "phone_too_short", 7: "no_address",
    8: "duplicate_in_file",
}  # fmt: skip


@pytest.fixture
def people(client: Any, staff: Headers) -> None:
    for n, name in enumerate(("Marie Ngo", "Jeanne", "Pauline")):
        body = {"patient_id": f"P{n}", "phone_number": f"65000000{n}", "language": "french",
                "name": name}  # fmt: skip
        assert client.post("/api/v1/contacts", json=body, headers=staff).status_code == 201


def send(client: Any, headers: Headers, path: str, content: bytes = FILE) -> Any:
    kind = {"Content-Type": "text/csv"}
    return client.post(f"{PATH}{path}", content=content, headers=headers | kind)


def draft(client: Any, staff: Headers, **more: Any) -> Any:
    body = {"name": "Vaccination", "texts": {"french": "Bonjour"}} | more
    made = client.post(PATH, json=body, headers=staff)
    assert made.status_code == 201, made.text
    return made.json()


def contacts(client: Any, staff: Headers, reference: str) -> list[Any]:
    found = client.get("/api/v1/contacts", params={"patient_id": reference}, headers=staff)
    return list(found.json()["items"])


def test_every_refused_line_is_told_with_what_stands_there_and_nothing_is_stored(
    client: Any, staff: Headers, people: None
) -> None:
    answer = send(client, staff, "/file")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert {line["line"]: line["code"] for line in shown["refused"]} == CODES
    assert shown["refused"][0]["cells"] == ["P1", "", "650000099", ""]
    assert shown["report"] == {
        "lines": 7, "known": 1, "new": 1, "refused_count": 5, "added": None, "refused": [],
        "languages": [{"language": "french", "contacts": 1}, {"language": "duala", "contacts": 1}],
    }  # fmt: skip
    assert [column["field"] for column in shown["columns"]] == [
        "patient_id", "name", "phone_number", "language",
    ]  # fmt: skip
    assert contacts(client, staff, "N1") == []


def test_a_stored_file_makes_new_contacts_and_the_list_once(
    client: Any, staff: Headers, people: None
) -> None:
    made = draft(client, staff)
    path = f"/{made['id']}/file"
    once = staff | {"Idempotency-Key": "one-file-once"}
    done = send(client, once, path).json()
    assert (done["known"], done["new"], done["added"], done["refused_count"]) == (1, 1, 2, 5)
    assert {line["line"]: line["code"] for line in done["refused"]} == CODES
    assert send(client, once, path).headers["Idempotency-Replayed"] == "true"
    assert contacts(client, staff, "N1")[0]["language"] == "duala"
    assert contacts(client, staff, "P1")[0]["phone_number"] == "+237650000001"  # as it was
    shown = client.post(f"{PATH}/{made['id']}/preview", headers=staff).json()
    assert (shown["contacts"], shown["recipients"]) == (2, 2)
    again = send(client, staff, path).json()
    assert (again["added"], again["known"], again["languages"]) == (0, 0, [])
    assert {line["code"] for line in again["refused"]} == {"duplicate", *CODES.values()}


def test_references_alone_lead_to_known_contacts_only(
    client: Any, staff: Headers, people: None
) -> None:
    content = workbook([["Dossier", "Nom"], ["P0", "Marie Ngo"], ["P9", "Nobody"]])
    form = {"file": ("liste.xlsx", content)}
    shown = client.post(f"{PATH}/file", files=form, headers=staff).json()
    assert [(line["line"], line["code"]) for line in shown["refused"]] == [(3, "contact_unknown")]
    unnamed = send(client, staff, "/file", b"x;y\na;b\n").json()
    assert (unnamed["report"], unnamed["refused"]) == (None, [])
    told = send(client, staff, "/file?column=name:0", b"x;y\na;b\n")
    assert (told.status_code, told.json()["code"]) == (422, "reference_column_missing")


def test_a_draft_that_takes_no_list_stores_no_contact(
    client: Any, staff: Headers, people: None
) -> None:
    filtered = draft(client, staff, filter={})
    refused = send(client, staff, f"/{filtered['id']}/file")
    assert (refused.status_code, refused.json()["code"]) == (409, "has_filter")
    listed = draft(client, staff)
    stale = send(client, staff | {"If-Match": '"9"'}, f"/{listed['id']}/file")
    assert (stale.status_code, stale.json()["code"]) == (409, "changed_meanwhile")
    assert contacts(client, staff, "N1") == []
    assert "650000011" not in refused.text + stale.text


def test_whom_a_filter_means_and_what_texts_cost(client: Any, staff: Headers, people: None) -> None:
    def audience(**wanted: Any) -> Any:
        return client.post(f"{PATH}/audience", json=wanted, headers=staff).json()

    assert audience(language=["french"]) == {
        "contacts": 3, "languages": [{"language": "french", "contacts": 3}],
    }  # fmt: skip
    assert audience(has_email=True) == {"contacts": 0, "languages": []}
    texts = {"french": "L’hôpital vous attend, {name}.", "duala": "ŋ" * 71}
    costs = client.post(f"{PATH}/texts", json={"texts": texts}, headers=staff).json()
    # This hospital folds its French, and no other language.
    assert costs[0] == {"language": "french", "encoding": "GSM-7", "segments": 1, "left": 116,
                        "offending": [], "same_for_all": False}  # fmt: skip
    assert (costs[1]["encoding"], costs[1]["segments"]) == ("UCS-2", 2)
    assert (costs[1]["offending"], costs[1]["same_for_all"]) == (["ŋ"], True)
    unknown = client.post(f"{PATH}/texts", json={"texts": {"french": "{x}"}}, headers=staff)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "placeholder_unknown")


def test_null_takes_a_time_back(client: Any, staff: Headers, people: None) -> None:
    made = draft(client, staff, filter={}, scheduled_time="2030-01-01T09:00:00", channels=["voice"])
    path = f"{PATH}/{made['id']}"
    body = {"scheduled_time": None, "channels": None}
    changed = client.patch(path, json=body, headers=staff).json()
    assert (changed["scheduled_time"], changed["channels"]) == (None, None)
    kept = client.patch(path, json={"name": "Autre"}, headers=staff).json()
    assert (kept["name"], kept["texts"]) == ("Autre", {"french": "Bonjour"})
    client.post(f"{path}/start", headers=staff)
    refused = client.patch(path, json=body, headers=staff)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_started")


APPOINTMENTS = (
    "Référence;Téléphone;Heure;Médecin\n"
    "P0;;9 h 30;Dr Éyoum\n"
    "P1;;;Dr Njoya\n"  # no time
    f"P2;;10 h;{'x' * 101}\n"
    "N1;650000011;{name} ❤;Dr\tNgo\n"  # braces are data, and so is a break
).encode()
OWN = "/file?column=patient_id:0&column=phone_number:1&column=value.time:2&column=value.doctor:3"
TEXT = {"french": "Rendez-vous à {time} avec {doctor}."}


def test_each_recipient_gets_what_their_own_line_says(
    client: Any, staff: Headers, people: None
) -> None:
    shown = send(client, staff, OWN, APPOINTMENTS).json()
    assert [(one["line"], one["field"], one["code"]) for one in shown["refused"]] == [
        (3, "value.time", "value_missing"), (4, "value.doctor", "value_too_long"),
    ]  # fmt: skip
    assert [column["field"] for column in shown["columns"]][2:] == ["value.time", "value.doctor"]
    made = draft(client, staff, texts=TEXT, value_names=["time", "doctor"])
    done = send(client, staff, f"/{made['id']}{OWN}", APPOINTMENTS).json()
    assert (done["added"], done["refused_count"]) == (2, 2)
    counted = client.post(f"{PATH}/{made['id']}/preview", headers=staff).json()
    assert [(one["patient_id"], one["text"]) for one in counted["examples"]] == [
        ("P0", "Rendez-vous à 9 h 30 avec Dr Éyoum."),
        ("N1", "Rendez-vous à {name} ❤ avec Dr Ngo."),
    ]  # fmt: skip
    assert counted["encodings"] == {"GSM-7": 1, "UCS-2": 1}  # each counted as it will be
    lines = '{"patient_id": "P1", "values": {"time": "8 h", "doctor": "Dr Njoya"}}\n"P2"\n'
    kind = staff | {"Content-Type": "application/x-ndjson"}
    more = client.post(f"{PATH}/{made['id']}/recipients", content=lines, headers=kind).json()
    assert (more["added"], [one["field"] for one in more["refused"]]) == (1, ["value.doctor"])
    shown = client.get(f"{PATH}/{made['id']}", headers=staff).json()
    assert shown["value_names"] == ["time", "doctor"]
    other = client.patch(
        f"{PATH}/{made['id']}", json={"texts": {"french": "Chez {doctor}"}}, headers=staff
    )
    assert other.status_code == 200, other.text


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "placeholder_unknown"),
        ({"value_names": ["time"]}, "placeholder_unknown"),
        ({"value_names": ["time", "doctor"], "filter": {}}, "value_error"),
        ({"value_names": ["time", "doctor", "time"]}, "value_error"),
        ({"value_names": ["time", "doctor", "name"]}, "value_error"),
        ({"value_names": ["Time", "doctor"]}, "string_pattern_mismatch"),
        ({"value_names": ["time", "doctor"], "texts": {"french": "{time:>9} {doctor}"}},
         "placeholder_unknown"),
        ({"value_names": ["time"], "texts": {"french": "{time}" * 16 + "x"}}, "text_too_long"),
    ],
)  # fmt: skip
def test_a_place_that_no_column_fills_is_refused(
    client: Any, staff: Headers, more: Any, code: str
) -> None:
    body = {"name": "Rendez-vous", "texts": TEXT} | more
    refused = client.post(PATH, json=body, headers=staff)
    assert refused.status_code == 422
    assert code in refused.text


def test_a_files_columns_are_those_that_the_texts_need(
    client: Any, staff: Headers, people: None
) -> None:
    made = draft(client, staff, texts=TEXT, value_names=["time", "doctor"])
    for columns in ("", OWN.removeprefix("/file").removesuffix("&column=value.doctor:3")):
        refused = send(client, staff, f"/{made['id']}/file{columns}", APPOINTMENTS)
        assert (refused.status_code, refused.json()["code"]) == (422, "value_columns_differ")
    assert contacts(client, staff, "N1") == []
    kind = staff | {"Content-Type": "text/csv"}
    imported = client.post(
        "/api/v1/contacts/import?column=patient_id:0&column=value.time:2",
        content=APPOINTMENTS,
        headers=kind,
    )
    assert imported.status_code == 422  # a contact has no such thing
    cost = client.post(
        f"{PATH}/texts", json={"texts": TEXT, "values": {"time": "9 h", "doctor": "Dr Éyoum"}},
        headers=staff,
    ).json()  # fmt: skip
    assert cost[0]["left"] == 160 - len("Rendez-vous à 9 h avec Dr Éyoum.")
    assert cost[0]["same_for_all"] is False
