"""The one layout of every mail and the footer below it; refuses to know the words between."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.definitions import Sender


@dataclass(frozen=True, slots=True)
class Footer:
    """Who sends the mail and how to get no more of it, in the language of the mail."""

    legal_name: str
    postal_address: str
    contact: str
    unsubscribe: str
    url: str

    @classmethod
    def of(cls, sender: Sender, language: str, unsubscribe_url: str) -> Footer:
        """In Japanese for `ja`, else in English."""
        if language.startswith("ja"):
            unsubscribe = "今後このようなメールがご不要な方は、こちらのページで配信を停止できます。"
        else:
            unsubscribe = "If you do not want mail of this kind any more, you can unsubscribe on this page."
        return cls(
            legal_name=sender.legal_name,
            postal_address=sender.postal_address,
            contact=sender.contact,
            unsubscribe=unsubscribe,
            url=unsubscribe_url,
        )

    def as_text(self) -> str:
        """The last lines of the text part."""
        return "\n".join(("-" * 32, self.legal_name, self.postal_address, self.contact, "", self.unsubscribe, self.url))


# Tables and inline styles, since many mail programs know nothing else; the style block is for those that do.
# The unsubscribe link is not tracked: to leave is no sign of interest.
HTML = """\
<!DOCTYPE html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{{ subject }}</title>
<style>
:root { color-scheme: light dark; }
body { -webkit-text-size-adjust: 100%; overflow-wrap: anywhere; }
@media (max-width: 480px) { .card { padding: 20px 16px !important; } }
@media (prefers-color-scheme: dark) {
  .page { background: #1b1c1d !important; }
  .card { background: #28292a !important; color: #e8eaed !important; }
  .foot, .foot a { color: #bdc1c6 !important; }
  .card a { color: #a8c7fa !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f2f4f7">
{% if preheader %}
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{{ preheader }}</div>
{% endif %}
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:#f2f4f7">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px">
<tr><td class="card" style="padding:32px;background:#ffffff;color:#1f1f1f;border-radius:8px;\
font-family:'Hiragino Sans','Hiragino Kaku Gothic ProN','Yu Gothic',Meiryo,'Noto Sans JP',Arial,sans-serif;\
font-size:16px;line-height:1.7">
{{ body | safe }}\
<a href="{{ hidden_url }}" style="display:none;max-height:0;overflow:hidden;mso-hide:all" tabindex="-1" \
aria-hidden="true" rel="nofollow"></a>
</td></tr>
<tr><td class="foot" style="padding:20px 32px;color:#5f6368;\
font-family:'Hiragino Sans','Yu Gothic',Meiryo,'Noto Sans JP',Arial,sans-serif;font-size:13px;line-height:1.6">
<p style="margin:0 0 1em">{{ footer.legal_name }}<br>{{ footer.postal_address }}<br>{{ footer.contact }}</p>
<p style="margin:0">\
<a clicktracking="off" href="{{ footer.url }}" style="color:#5f6368">{{ footer.unsubscribe }}</a></p>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"""
