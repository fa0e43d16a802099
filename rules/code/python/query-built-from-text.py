# ruleid: python-query-built-from-text
tree.xpath(f"//user[@name='{name}']")
# ruleid: python-query-built-from-text
conn.search_s("dc=example", 2, "(uid=%s)" % name)
# ok: python-query-built-from-text
tree.xpath("//user[@name=$name]", name=name)
# ok: python-query-built-from-text
conn.search_s("dc=example", 2, "(uid=admin)")
