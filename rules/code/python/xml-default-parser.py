import xml.dom.minidom
from xml.etree import ElementTree

import defusedxml.ElementTree
from lxml import etree

# ruleid: python-xml-default-parser
etree.parse(path)
# ruleid: python-xml-default-parser
ElementTree.parse(path)
# ruleid: python-xml-default-parser
xml.dom.minidom.parseString(data)
# ok: python-xml-default-parser
etree.parse(path, parser)
# ok: python-xml-default-parser
defusedxml.ElementTree.parse(path)
# ok: python-xml-default-parser
ElementTree.fromstring("<a/>")
