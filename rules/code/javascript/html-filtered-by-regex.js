// ruleid: javascript-html-filtered-by-regex
text = text.replace(/<script[^>]*>.*?<\/script>/gi, "");
// ok: javascript-html-filtered-by-regex
text = text.replace(/\s+/g, " ");
// ok: javascript-html-filtered-by-regex
text = DOMPurify.sanitize(text);
