const serialize = require("node-serialize");

// ruleid: javascript-unsafe-deserialization
serialize.unserialize(text);
// ruleid: javascript-unsafe-deserialization
yaml.load(text, { schema: yaml.DEFAULT_FULL_SCHEMA });
// ok: javascript-unsafe-deserialization
JSON.parse(text);
// ok: javascript-unsafe-deserialization
yaml.load(text);
