# ruleid: python-ldap-xpath-string-concatenation
tree.xpath(f"//user[@name='{name}']")
# ruleid: python-ldap-xpath-string-concatenation
conn.search_s("dc=example", 2, "(uid=%s)" % name)
# ok: python-ldap-xpath-string-concatenation
tree.xpath("//user[@name=$name]", name=name)
# ok: python-ldap-xpath-string-concatenation
conn.search_s("dc=example", 2, "(uid=admin)")
