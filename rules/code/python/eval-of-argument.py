import ast


def calculate(expression, names=None):
    # ruleid: python-eval-of-argument
    return eval(expression)


def run(source):
    # ruleid: python-eval-of-argument
    exec(f"value = {source}")


def parse(text):
    # ok: python-eval-of-argument
    return ast.literal_eval(text)


def constant():
    # ok: python-eval-of-argument
    return eval("1 + 1")


def compiled(source, name):
    # ok: python-eval-of-argument
    exec(compile(source, name, "exec"), {})


def run_generated(python_code, scope):
    # ruleid: python-eval-of-argument
    exec(python_code, scope)
