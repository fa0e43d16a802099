import html

def render_name(name):
    # ruleid: python-html-built-from-text
    return f"<b>{name}</b>"

def link(url):
    # ruleid: python-html-built-from-text
    return '<a href="%s">x</a>' % url

def render_safe(name):
    # ok: python-html-built-from-text
    return html.escape(f"<b>{name}</b>")

def render_constant():
    # ok: python-html-built-from-text
    return "<b>ready</b>"

def count(name):
    # ok: python-html-built-from-text
    return f"{name} < 3"
