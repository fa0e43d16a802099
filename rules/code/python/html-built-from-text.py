import html

# ruleid: python-html-built-from-text
self.wfile.write(f"<b>{name}</b>")
# ruleid: python-html-built-from-text
response.write('<a href="%s">x</a>' % url)
# ok: python-html-built-from-text
out.write(html.escape(f"<b>{name}</b>"))
# ok: python-html-built-from-text
out.write("<b>ready</b>")
# ok: python-html-built-from-text
out.write(f"{name} < 3")


def greeting(name):
    # ruleid: python-html-built-from-text
    return f"<h1>Hello {name}</h1>"


def escaped(name):
    # ok: python-html-built-from-text
    return f"<h1>Hello {html.escape(name)}</h1>"
