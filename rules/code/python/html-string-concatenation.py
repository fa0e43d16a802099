import html

# ruleid: python-html-string-concatenation
self.wfile.write(f"<b>{name}</b>")
# ruleid: python-html-string-concatenation
response.write('<a href="%s">x</a>' % url)
# ok: python-html-string-concatenation
out.write(html.escape(f"<b>{name}</b>"))
# ok: python-html-string-concatenation
out.write("<b>ready</b>")
# ok: python-html-string-concatenation
out.write(f"{name} < 3")


def greeting(name):
    # ruleid: python-html-string-concatenation
    return f"<h1>Hello {name}</h1>"


def escaped(name):
    # ok: python-html-string-concatenation
    return f"<h1>Hello {html.escape(name)}</h1>"
