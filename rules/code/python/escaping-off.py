import jinja2

# ruleid: python-escaping-off
jinja2.Environment()
# ruleid: python-escaping-off
jinja2.Environment(loader=loader, autoescape=False)
# ruleid: python-escaping-off
mark_safe(f"<b>{name}</b>")
# ok: python-escaping-off
jinja2.Environment(autoescape=True)
# ok: python-escaping-off
jinja2.Environment(autoescape=jinja2.select_autoescape())
# ok: python-escaping-off
mark_safe("<b>ready</b>")
