import logging

# ruleid: python-secret-in-log
logging.info("password %s", user.password)
# ruleid: python-secret-in-log
logger.debug(f"key {api_key}")
# ok: python-secret-in-log
logging.info("user %s", user.name)
# ok: python-secret-in-log
logger.debug("password changed")
