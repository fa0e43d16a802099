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
