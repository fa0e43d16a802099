@app.route("/")
def flask_view():
    try:
        return work()
    except ValueError as error:
        # ruleid: python-error-details-exposure
        return str(error), 500

def django_view(request):
    try:
        return work()
    except ValueError as error:
        # ruleid: python-error-details-exposure
        return HttpResponse(f"failed: {error}")

@app.route("/")
def fixed():
    try:
        return work()
    except ValueError as error:
        # ok: python-error-details-exposure
        return "failed", 500

def library(number):
    try:
        return work()
    except ValueError as error:
        # ok: python-error-details-exposure
        return str(error)
