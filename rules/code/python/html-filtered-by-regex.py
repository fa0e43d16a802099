import re

# ruleid: python-html-filtered-by-regex
text = re.sub(r"<script.*?>.*?</script>", "", text)
# ok: python-html-filtered-by-regex
text = re.sub(r"\s+", " ", text)
# ok: python-html-filtered-by-regex
found = re.findall(r"<script.*?>", text)
