"""A template and a lead become the two parts of a mail."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mail.links import links_of
from adapters.mail.rendering import (
    LeadFacts,
    Rendered,
    TemplateBlocked,
    TemplateUnreadable,
    is_hidden_link,
    render,
    variables,
)
from nurture.definitions import Sender, Template

URL = "https://nurture.example.co.jp/u/abc-DEF_123"
BASE = "https://nurture.example.co.jp"


def template(body: str, *, subject: str = "件名", preheader: str = "前書き", language: str = "ja") -> Template:
    """A template with this body."""
    return Template("welcome", language, subject, preheader, body, "0f" * 32)


def mail(template: Template, sender: Sender, *, name: str | None = "架空 太郎", **attributes: Any) -> Rendered:
    """The template rendered for a lead of this name and attributes."""
    lead = LeadFacts("lead_1", name, attributes)
    return render(template, lead=lead, sender=sender, unsubscribe_url=URL, link_base=BASE, send_key="lead_1/s/1/a/1")


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


def read(html: str) -> _Words:
    """The tags and the words of HTML."""
    parser = _Words()
    parser.feed(html)
    return parser


def test_both_parts_end_with_who_sends_it_and_how_to_get_no_more(sender: Sender) -> None:
    """Legal name, postal address, contact and the unsubscribe address stand behind the body in text and HTML."""
    rendered = mail(template("本文です。"), sender)
    for part in (rendered.text, rendered.html):
        _, body, end = part.partition("本文です。")
        assert body
        for needed in (sender.legal_name, sender.postal_address, sender.contact, URL):
            assert needed in end
    assert rendered.text.rstrip().endswith(URL)


def test_the_footer_speaks_the_language_of_the_mail(sender: Sender) -> None:
    """Japanese mail explains unsubscribing in Japanese, English mail in English."""
    assert "配信を停止" in mail(template("本文"), sender).text
    english = mail(template("Body", language="en"), sender)
    assert "unsubscribe on this page" in english.text
    assert '<html lang="en">' in english.html


def test_markdown_becomes_html_and_readable_text(sender: Sender) -> None:
    """Emphasis, lists and links are HTML in one part, and plain words with addresses in the other."""
    rendered = mail(template('**太字**です。\n\n- 一\n- 二\n\n[申し込む]({{ link("/forms/seminar") }})'), sender)
    assert "<strong>太字</strong>" in rendered.html
    assert f'href="{BASE}/forms/seminar"' in rendered.html
    assert "太字です。\n\n- 一\n- 二\n\n申し込む\nhttps://nurture.example.co.jp/forms/seminar" in rendered.text


def test_raw_html_of_a_template_is_text(sender: Sender) -> None:
    """HTML in a body is shown as it was written, and does nothing."""
    rendered = mail(template("<script>alert(1)</script>"), sender)
    assert "script" not in read(rendered.html).tags
    assert "&lt;script&gt;" in rendered.html


@pytest.mark.parametrize(
    "name",
    [
        "**太字**",
        "[x](javascript:alert(1))",
        "<b onmouseover=x>花子</b>",
        "{{ lead.attributes.secret }}",
        "{% for x in y %}",
        "# 見出し",
        "- 項目",
        "`code`",
        "a_b_c &amp; <!-- -->",
        "\\*",
        "![x](https://example.com/a.png)",
    ],
)
def test_a_name_is_never_more_than_text(sender: Sender, name: str) -> None:
    """Markdown, HTML and template syntax in a name appear letter by letter in every part."""
    body = "{{ lead.name }} 様\n\n- {{ lead.name }}\n\n`{{ lead.name }}`\n\n{{ lead.name }}"
    rendered = mail(template(body, subject="{{ lead.name }} 様", preheader="{{ lead.name }}"), sender, name=name)
    plain = mail(template(body, subject="x 様", preheader="x"), sender, name="名前")
    assert rendered.subject == f"{name} 様"
    assert rendered.text.count(name) == 4
    assert read(rendered.html).tags == read(plain.html).tags
    assert read(rendered.html).words.count(name) == 6


@given(name=st.text(max_size=60), company=st.text(max_size=60))
def test_no_value_of_a_lead_changes_the_structure_of_a_mail(name: str, company: str) -> None:
    """Whatever a lead is called, the tags and links of its mail are those of any other lead's."""
    sender = Sender.model_validate(
        {"legal_name": "例", "postal_address": "例", "contact": "例", "from": {"name": "例", "email": "a@example.jp"},
         "time_zone": "Asia/Tokyo"}
    )  # fmt: skip
    body = "x{{ lead.attributes.company }} **{{ lead.name }}**様\n\n- y{{ lead.name }}\n\n[a](/x?c={{ lead.name }}&d)"
    rendered = mail(template(body, subject="s{{ lead.name }}"), sender, name=name or "n", company=company)
    plain = mail(template(body, subject="s"), sender, name="n", company="c")
    # An empty value leaves `****`, which is no emphasis: that is the template's own doing.
    if "".join(name.split()).isprintable() and name.strip():
        assert read(rendered.html).tags == read(plain.html).tags
    assert len(links_of(rendered.html)) == len(links_of(plain.html))
    assert "\n" not in rendered.subject
    assert "\r" not in rendered.subject


def test_a_line_break_in_a_name_begins_no_header(sender: Sender) -> None:
    """Subjects are one line, whatever the name holds."""
    rendered = mail(template("本文", subject="{{ lead.name }} 様"), sender, name="花子\r\nBcc: x@example.com")
    assert rendered.subject == "花子 Bcc: x@example.com 様"


def test_a_value_inside_a_link_stays_one_piece_of_it(sender: Sender) -> None:
    """A company name in a query cannot add parameters or lead elsewhere."""
    rendered = mail(template("[見る](/plan?c={{ lead.attributes.company }})"), sender, company="A&b=1#/../) x")
    (link,) = [link for link in links_of(rendered.html) if "/plan" in link.url]
    assert link.url == f"{BASE}/plan?c=A%26b%3D1%23%2F..%2F%29%20x"


def test_a_value_that_is_a_script_makes_no_link(sender: Sender) -> None:
    """An attribute used as an address must be one that a mail may hold; else the lead's mail is blocked."""
    with pytest.raises(TemplateBlocked, match="no address that a mail may hold"):
        mail(template("[見る]({{ lead.attributes.site }})"), sender, site="javascript:alert(1)")
    rendered = mail(template("[見る]({{ lead.attributes.site }})"), sender, site="https://example.com/a?b=c")
    assert "https://example.com/a?b=c" in [link.url for link in links_of(rendered.html)]


def test_an_unset_variable_blocks_and_names_template_variable_and_lead(sender: Sender) -> None:
    """The error says template, variable and lead id, and not the name of the person."""
    with pytest.raises(TemplateBlocked) as caught:
        mail(template("{{ lead.attributes.company }}"), sender, name="架空 太郎")
    assert caught.value.variable == "lead.attributes.company"
    for part in ("welcome", "lead.attributes.company", "lead_1"):
        assert part in str(caught.value)
    assert "太郎" not in str(caught.value)


@pytest.mark.parametrize("attributes", [{}, {"company": None}])
def test_default_stands_in_for_an_unset_attribute(sender: Sender, attributes: dict[str, Any]) -> None:
    """`default` works where the attribute is absent or null."""
    rendered = mail(template('{{ lead.attributes.company | default("貴社") }} 御中'), sender, **attributes)
    assert "貴社 御中" in rendered.text


def test_attributes_named_like_methods_are_the_leads_own(sender: Sender) -> None:
    """`values`, `items` and `keys` are attributes like any other."""
    body = "{{ lead.attributes.values }} / {{ lead.attributes.items }} / {{ lead.attributes.keys | default('なし') }}"
    assert "価格、納期 / 3 / なし" in mail(template(body), sender, values=["価格", "納期"], items=3.0).text


@pytest.mark.parametrize(
    "body",
    [
        "{{ lead.__class__.__mro__ }}",
        "{{ lead._known }}",
        "{{ ''.__class__ }}",
        "{{ link.__globals__ }}",
        "{{ link('evil') }}",
        "{% include 'x' %}",
        "{{ 1 // 0 }}",
        "{% for x in range(10000000) %}{% endfor %}",
        "{{ lead.name + 1 }}",
    ],
)
def test_a_template_reaches_nothing_but_its_lead(sender: Sender, body: str) -> None:
    """What leaves the sandbox or fails inside it blocks the mail, and harms nothing else."""
    with pytest.raises(TemplateBlocked):
        mail(template(body), sender)


def test_the_same_mail_is_rendered_the_same_twice(sender: Sender) -> None:
    """Rendering is a function of its arguments."""
    written = template('{{ lead.name }} {{ link("/a?b=1&copy=2") }}')
    assert mail(written, sender) == mail(written, sender)


def test_a_bare_link_in_the_text_can_be_clicked(sender: Sender) -> None:
    """An address written out with link() is a link in the HTML, unharmed by entities."""
    rendered = mail(template('{{ link("/a?b=1&copy=2") }}'), sender)
    assert links_of(rendered.html)[0].url == f"{BASE}/a?b=1&copy=2"
    assert f"{BASE}/a?b=1&copy=2" in rendered.text


def test_one_link_is_hidden_from_people_and_known_again(sender: Sender) -> None:
    """The HTML holds exactly one link that nobody sees; the text part does not mention it."""
    rendered = mail(template("[見る](/a)"), sender)
    hidden = [link.url for link in links_of(rendered.html) if link.hidden]
    assert len(hidden) == 1
    assert is_hidden_link(hidden[0])
    assert hidden[0] not in rendered.text
    assert not is_hidden_link(f"{BASE}/a")
    assert not is_hidden_link("http://[")


def test_unsubscribing_is_no_click_of_interest(sender: Sender) -> None:
    """The provider is asked not to count clicks on the unsubscribe link, and to count the others."""
    tracked = {link.url: link.tracked for link in links_of(mail(template("[見る](/a)"), sender).html)}
    assert tracked[URL] is False
    assert tracked[f"{BASE}/a"] is True


def test_a_broken_line_of_japanese_is_joined_without_a_blank(sender: Sender) -> None:
    """A soft break between full-width letters leaves no gap in HTML; between Latin words it does."""
    html = mail(template("日本\n語です\n\none\ntwo"), sender).html
    assert "日本語です" in html
    assert re.search(r"one\s+two", html)


def test_the_layout_suits_small_and_dark_screens(sender: Sender) -> None:
    """The HTML names its language, a width, a dark scheme, and hides the preheader."""
    html = mail(template("本文", preheader="続きを読む"), sender).html
    for needed in ('lang="ja"', "max-width:600px", "prefers-color-scheme: dark", 'name="viewport"'):
        assert needed in html
    assert re.search(r'<div style="display:none[^>]*>続きを読む</div>', html)


# --- what a template needs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "needed"),
    [
        ("{{ lead.name }}", {"lead.name"}),
        ("{{ lead.attributes.company | upper }}", {"lead.attributes.company"}),
        ("{{ lead['attributes']['company'] }}", {"lead.attributes.company"}),
        ("{{ lead.attributes.company | default('x') }}", set()),
        ("{{ lead.attributes.company | default(lead.name) }}", {"lead.name"}),
        ("{{ lead.attributes.company | d('x', true) }}", set()),
        ("{% if lead.attributes.a is defined %}{{ lead.attributes.a }}{% endif %}", set()),
        ("{% if lead.attributes.a is defined %}x{% else %}{{ lead.attributes.a }}{% endif %}", {"lead.attributes.a"}),
        ("{{ lead.attributes.a if lead.attributes.a is defined else lead.name }}", {"lead.name"}),
        ("{% if lead.attributes.a is defined and lead.attributes.a > 3 %}x{% endif %}", set()),
        ("{% if lead.attributes.a %}x{% endif %}", {"lead.attributes.a"}),
        ("{{ leed.name }}", {"leed.name"}),
        ("{{ lead.nmae }}", {"lead.nmae"}),
        ("{% set x = 1 %}{{ x }}{% for y in [1] %}{{ y }}{% endfor %}", set()),
        ("{{ link('/forms/seminar') }}", set()),
        ("{{ link(lead.attributes.path) }}", {"lead.attributes.path"}),
        ("plain", set()),
    ],
)
def test_variables_are_the_names_a_template_needs(body: str, needed: set[str]) -> None:
    """Names with a default, or standing where they are known to be set, are not needed."""
    assert variables(template(body, subject="{{ lead.name | default('') }}")) == needed


def test_subject_and_preheader_are_looked_at_too() -> None:
    """A variable of the subject or preheader is needed as much as one of the body."""
    written = template("x", subject="{{ lead.name }}", preheader="{{ lead.attributes.company }}")
    assert variables(written) == {"lead.name", "lead.attributes.company"}


@pytest.mark.parametrize("body", ["a\nb {{ lead.name", "a\n{{ lead.name | no_such_filter }}", "a\n{% if x %}"])
def test_an_unreadable_template_says_part_and_line(body: str) -> None:
    """Wrong syntax and unknown filters are found before anything is sent."""
    with pytest.raises(TemplateUnreadable) as caught:
        variables(template(body))
    assert (caught.value.template, caught.value.part, caught.value.line) == ("welcome", "body", 2)
