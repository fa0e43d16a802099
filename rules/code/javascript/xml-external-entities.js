// ruleid: javascript-xml-external-entities
libxmljs.parseXml(data, { noent: true });
// ok: javascript-xml-external-entities
libxmljs.parseXml(data);
