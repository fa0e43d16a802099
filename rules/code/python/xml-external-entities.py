import xml.sax

from lxml import etree

# ruleid: python-xml-external-entities
etree.XMLParser(resolve_entities=True)
# ruleid: python-xml-external-entities
etree.XMLParser(no_network=False)
# ruleid: python-xml-external-entities
parser.setFeature(xml.sax.handler.feature_external_ges, True)
# ok: python-xml-external-entities
etree.XMLParser(resolve_entities=False)
# ok: python-xml-external-entities
parser.setFeature(xml.sax.handler.feature_external_ges, False)
