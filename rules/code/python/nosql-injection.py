# ruleid: python-nosql-injection
users.find_one(request.json)
def login(request):
    filter = request.get_json()
    # ruleid: python-nosql-injection
    return users.find_one(filter)

# ok: python-nosql-injection
users.find_one({"name": str(request.json["name"])})
# ok: python-nosql-injection
users.find_one({"_id": number})
