"""Forms of pages that are not written in UTF-8, as many in Japan are: every letter arrives, or it is said."""

from __future__ import annotations

import encodings
from urllib.parse import quote, quote_from_bytes

import httpx
import pytest
from sqlalchemy import select

from adapters.database.engine import reading
from adapters.database.schema import leads
from adapters.mail.charsets import decoded
from tests.web.people import token_in
from tests.web.process import KEY, Process

NAME, COMPANY = "山田 太郎", "見本ソフト株式会社"
KIND = "application/x-www-form-urlencoded"
PYTHON = {"Shift_JIS": "cp932", "EUC-JP": "euc_jp", "ISO-2022-JP": "iso2022_jp", "UTF-8": "utf-8"}


def body(charset: str, *, name: str = NAME, said: str = "", escaped: bool = True) -> bytes:
    """What a browser sends from a page of that charset."""
    write = quote_from_bytes if escaped else bytes.decode
    fields = {"email": "taro@example.co.jp", "name": name, "company": COMPANY, **({"_charset_": said} if said else {})}
    if not escaped:
        return b"&".join(f"{key}=".encode() + value.encode(PYTHON[charset]) for key, value in fields.items())
    return "&".join(f"{key}={write(value.encode(PYTHON[charset]))}" for key, value in fields.items()).encode()


def kept(process: Process) -> list[tuple[str, str]]:
    """Name and company of every lead."""
    with reading(process.engine) as conn:
        return [(row.name, row.attributes["company"]) for row in conn.execute(select(leads))]


async def post(process: Process, content: bytes, charset: str = "") -> httpx.Response:
    """Send a form, with or without a charset in the header."""
    kind = f"{KIND}; charset={charset}" if charset else KIND
    return await process.anybody().post("/forms/consultation", content=content, headers={"Content-Type": kind})


@pytest.mark.parametrize("charset", PYTHON)
@pytest.mark.parametrize("how", ["header", "_charset_", "nothing", "raw bytes"])
async def test_letters_of_a_page_in_another_charset_arrive(process: Process, charset: str, how: str) -> None:
    """By the header, by the field that browsers fill in, and where neither says anything."""
    if (charset, how) == ("ISO-2022-JP", "raw bytes"):
        how = "nothing"  # its bytes are those of `&` and `%`, so no page can leave them as they are
    content = body(charset, said=charset if how == "_charset_" else "", escaped=how != "raw bytes")
    answer = await post(process, content, charset if how == "header" else "")
    assert (answer.status_code, kept(process)) == (303, [(NAME, COMPANY)])


@pytest.mark.parametrize("declared", ["UTF-8", "EUC-JP", "shift_jis"])
async def test_a_charset_that_does_not_fit_is_passed_over(process: Process, declared: str) -> None:
    """Some pages say UTF-8 whatever they are; what can be read by another is."""
    real = "EUC-JP" if declared == "UTF-8" else "UTF-8"
    name = "髙橋 é" if declared == "shift_jis" else NAME
    answer = await post(process, body(real, name=name), declared)
    assert (answer.status_code, kept(process)) == (303, [(name, COMPANY)])


async def test_half_width_katakana_are_shift_jis(process: Process) -> None:
    """Beside other Japanese they are no EUC-JP."""
    answer = await post(process, body("Shift_JIS", name="ﾔﾏﾀﾞ ﾀﾛｳ"))
    assert (answer.status_code, kept(process)) == (303, [("ﾔﾏﾀﾞ ﾀﾛｳ", COMPANY)])


async def test_a_rare_kanji_that_seems_to_be_hangul_is_read(process: Process) -> None:
    """Where nothing else in the form tells its charset: 﨑山 in Shift_JIS is UTF-8 as well."""
    answer = await post(process, b"email=taro@example.co.jp&name=%ED%95%8ER&company=A")
    assert (answer.status_code, kept(process)) == (303, [("﨑山", "A")])


async def test_a_letter_that_the_page_lacks_comes_by_its_number(process: Process) -> None:
    """Browsers send it so; in UTF-8 the same text is what somebody wrote."""
    answer = await post(process, body("EUC-JP", name="&#39641;橋"))
    assert (answer.status_code, kept(process)) == (303, [("髙橋", COMPANY)])
    await post(process, body("UTF-8", name="&#39641;橋"))
    assert kept(process) == [("&#39641;橋", COMPANY)]


@pytest.mark.parametrize("charset", ["", "UTF-8"])
@pytest.mark.parametrize("wrong", ["%FF%FFabc", "%E9t%E9", "%8ER%93c"])
async def test_what_fits_no_charset_is_refused_by_its_field(process: Process, charset: str, wrong: str) -> None:
    """The page comes again with that field empty and the others filled in; nothing is kept."""
    content = f"email=taro@example.co.jp&name={wrong}&company={quote(COMPANY)}".encode()
    answer = await post(process, content, charset)
    assert answer.status_code == 422
    assert answer.text.count("文字が正しく届きませんでした。もう一度ご入力ください。") == 2, "at the top and beside it"
    assert f'value="{COMPANY}"' in answer.text
    assert kept(process) == []


@pytest.mark.parametrize("charset", ["klingon", "utf-7", "unicode_escape", "idna", "rot13", "base64", "\xff"])
async def test_a_charset_that_nobody_knows_is_told(process: Process, charset: str) -> None:
    """415 with what to send; the same in the page's own field is passed over."""
    answer = await process.anybody().post(
        "/forms/consultation", content=body("UTF-8"), headers=[(b"content-type", f"{KIND}; charset={charset}".encode())]
    )
    assert (answer.status_code, answer.json()["where"]) == (415, "header Content-Type")
    assert "UTF-8" in answer.json()["do"]
    assert (await post(process, body("UTF-8", said=charset))).status_code == 303


@pytest.mark.parametrize("said", ["x" * 100_000, "no-such", "utf-8\xe9", "shift_jis.é"])
async def test_a_name_that_somebody_made_up_is_not_kept(process: Process, said: str) -> None:
    """Python keeps every name it is asked for as long as it runs, so it is asked for those it knows."""
    await post(process, body("UTF-8"))
    before = len(encodings._cache)
    form = body("UTF-8") + b"&_charset_=" + quote(said).encode()
    for content, header in ((form, ""), (body("UTF-8"), said[:1000])):
        kind = f"{KIND}; charset={header}" if header else KIND
        headers = [(b"content-type", kind.encode("utf-8"))]
        await process.anybody().post("/forms/consultation", content=content, headers=headers)
    assert decoded("見本".encode(), said) == "見本"
    assert len(encodings._cache) == before


async def test_a_name_that_somebody_made_up_for_a_form_in_parts_is_not_kept_either(process: Process) -> None:
    """Before anybody is logged in; the form is read all the same."""
    answers, sizes = [], []
    for said in ("", "; charset=utf-8", "; charset=made-up-1", "; charset*=x''made-up-2", '; charset="MADE UP 3"'):
        browser = process.anybody()
        fields = {"csrf_token": token_in((await browser.get("/login")).text), "key": KEY}
        parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}' for name in fields]
        headers = {"Content-Type": f"multipart/form-data{said}; boundary=b"}
        answer = await browser.post("/login", content="\r\n".join([*parts, "--b--\r\n"]), headers=headers)
        answers.append((answer.status_code, answer.headers.get("location")))
        sizes.append(len(encodings._cache))
    assert answers == [(303, "/")] * 5
    assert len(set(sizes)) == 1


async def test_json_that_is_sent_as_a_form_says_what_to_send(process: Process) -> None:
    """With the header of a form, and without any."""
    for headers in ({"Content-Type": KIND}, {}):
        answer = await process.anybody().post("/forms/consultation", content=b'{"email": "a@e.com"}', headers=headers)
        assert (answer.status_code, answer.json()["where"]) == (415, "header Content-Type")
        assert "Content-Type: application/json" in answer.json()["do"]


async def test_a_field_written_twice_in_json_is_refused(process: Process) -> None:
    """Which of two was meant, nobody knows; nothing is kept."""
    content = b'{"email": "a@example.com", "name": "A", "email": "b@example.com"}'
    answer = await process.anybody().post(
        "/forms/consultation", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["what"] == "the key 'email' is written twice in one object"
    assert answer.json()["do"]
    assert kept(process) == []
