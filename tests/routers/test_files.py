"""Files that come in and posters that go out, over HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import segno
from PIL import Image

from routers.upload import XLSX
from tests.services.test_contact_xlsx import ROWS, workbook

Headers = dict[str, str]
LogIn = Callable[[str], Headers]


def send(client: Any, headers: Headers, path: str, content: bytes, kind: str = XLSX) -> Any:
    return client.post(f"/api/v1{path}", content=content, headers=headers | {"Content-Type": kind})


def test_a_workbook_is_mapped_and_imported(client: Any, staff: Headers, log_in: LogIn) -> None:
    content = workbook([["Dossier no", "Qui", "Tel"], ["P1", "Élise", 650000001], ["P2", "Jo", 12]])
    shown = send(client, staff, "/contacts/import/columns", content)
    assert shown.json() == [
        {"place": 0, "heading": "Dossier no", "field": "patient_id", "samples": ["P1", "P2"]},
        {"place": 1, "heading": "Qui", "field": "name", "samples": ["Élise", "Jo"]},
        {"place": 2, "heading": "Tel", "field": "phone_number", "samples": ["650000001", "12"]},
    ]
    plain = send(client, staff, "/contacts/import", content)
    assert (plain.status_code, plain.json()["code"]) == (422, "reference_column_missing")
    query = "?column=patient_id:0&column=name:1&column=phone_number:2"
    done = send(client, staff, f"/contacts/import{query}", content).json()
    assert (done["created"], done["refused_count"]) == (1, 1)
    assert done["refused"][0]["line"] == 3
    form = {"file": ("liste.xlsx", content, XLSX)}
    again = client.post(f"/api/v1/contacts/import{query}", files=form, headers=staff).json()
    assert again["unchanged"] == 1
    for path in ("/contacts/import", "/contacts/import/columns"):
        assert send(client, log_in("viewer@north"), path, content).status_code == 403


def test_every_refused_line_is_told_when_asked_for(client: Any, staff: Headers) -> None:
    content = b"reference,phone\n" + b"".join(b"P%d,1\n" % n for n in range(1200))
    short = send(client, staff, "/contacts/import", content, "text/csv").json()
    whole = send(client, staff, "/contacts/import?whole_report=true", content, "text/csv").json()
    assert (short["refused_count"], len(short["refused"])) == (1200, 1000)
    assert len(whole["refused"]) == 1200


def test_columns_that_make_no_sense(client: Any, staff: Headers) -> None:
    for query in (
        "column=patient_id", "column=colour:1", "column=patient_id:0&column=patient_id:1",
        "column=patient_id:99", "header=false", "column=name:0",
    ):  # fmt: skip
        answer = send(client, staff, f"/contacts/import?{query}", b"a,b\n1,2\n", "text/csv")
        assert answer.status_code == 422, query
        assert answer.json()["field"].startswith("query.column"), query


def test_a_campaigns_list_from_a_workbook(client: Any, staff: Headers) -> None:
    send(client, staff, "/contacts/import", workbook([ROWS[0], ["P1", "É", 650000001, "fr"]]))
    draft = {"name": "Vaccination", "texts": {"french": "Bonjour"}}
    made = client.post("/api/v1/campaigns", json=draft, headers=staff)
    assert made.status_code == 201, made.text
    path = f"/campaigns/{made.json()['id']}/recipients?column=patient_id:1"
    report = send(client, staff, path, workbook([["x", "y"], ["", "P1"], ["", "P9"]])).json()
    assert (report["lines"], report["added"], report["refused_count"]) == (2, 1, 1)
    unknown = b"reference\n" + b"".join(b"X%d\n" % n for n in range(1200))
    plain = f"/campaigns/{made.json()['id']}/recipients"
    short = send(client, staff, plain, unknown, "text/csv").json()
    whole = send(client, staff, f"{plain}?whole_report=true", unknown, "text/csv").json()
    assert (len(short["refused"]), len(whole["refused"])) == (1000, 1200)


def department(client: Any, admin: Headers, name: str) -> int:
    made = client.post("/api/v1/departments", json={"code": "labo-1", "name": name}, headers=admin)
    return int(made.json()["id"])


def test_posters(client: Any, log_in: LogIn) -> None:
    admin, viewer = log_in("admin@north"), log_in("viewer@north")
    number = department(client, admin, 'Labo <script>alert(1)</script> & "Œuvre"')
    link = "http://127.0.0.1:8000/app/#/north/labo-1"
    for language, title in (
        ("", "Votre avis compte"),
        ("?language=english", "Your opinion counts"),
    ):
        answer = client.get(f"/api/v1/departments/{number}/qr.svg{language}", headers=viewer)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        page = ElementTree.fromstring(answer.content)
        words = [text.text for text in page.iter("{http://www.w3.org/2000/svg}text")]
        assert {title, "Hôpital Nord", link} <= set(words)
        assert not list(page.iter("{http://www.w3.org/2000/svg}script"))
        (path,) = page.iter("{http://www.w3.org/2000/svg}path")
        dark = sum(int(run.partition("h")[2]) for run in path.attrib["d"].split("M")[1:])
        assert dark == sum(map(sum, segno.make_qr(link, error="q").matrix))
    picture = client.get(f"/api/v1/departments/{number}/qr.png", headers=viewer)
    assert Image.open(io.BytesIO(picture.content)).size == (1240, 1754)


def test_posters_that_are_not_to_be_had(client: Any, log_in: LogIn) -> None:
    number = department(client, log_in("admin@north"), "Labo")
    viewer = log_in("viewer@north")
    refused = client.get(f"/api/v1/departments/{number}/qr.svg?language=ewondo", headers=viewer)
    assert (refused.status_code, refused.json()["code"]) == (422, "language_without_text")
    for kind in ("svg", "png"):
        path = f"/api/v1/departments/{number}/qr.{kind}"
        assert client.get(path, headers=log_in("admin@south")).status_code == 404
        assert client.get(path).status_code == 401
