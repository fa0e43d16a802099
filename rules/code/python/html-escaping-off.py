import jinja2

# ruleid: python-html-escaping-off
jinja2.Environment()
# ruleid: python-html-escaping-off
jinja2.Environment(loader=loader, autoescape=False)
# ruleid: python-html-escaping-off
mark_safe(f"<b>{name}</b>")
# ok: python-html-escaping-off
jinja2.Environment(autoescape=True)
# ok: python-html-escaping-off
jinja2.Environment(autoescape=jinja2.select_autoescape())
# ok: python-html-escaping-off
mark_safe("<b>ready</b>")
