# ruleid: python-csrf-protection-off
@csrf_exempt
def view(request):
    return None

# ruleid: python-csrf-protection-off
app.config["WTF_CSRF_ENABLED"] = False
# ok: python-csrf-protection-off
@csrf_protect
def other(request):
    return None

# ok: python-csrf-protection-off
app.config["WTF_CSRF_ENABLED"] = True
