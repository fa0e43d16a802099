import xml.dom.minidom
from xml.etree import ElementTree

import defusedxml.ElementTree
from lxml import etree

# ruleid: python-xxe-default-parser
etree.parse(path)
# ruleid: python-xxe-default-parser
ElementTree.parse(path)
# ruleid: python-xxe-default-parser
xml.dom.minidom.parseString(data)
# ok: python-xxe-default-parser
etree.parse(path, parser)
# ok: python-xxe-default-parser
defusedxml.ElementTree.parse(path)
# ok: python-xxe-default-parser
ElementTree.fromstring("<a/>")
