import yaml


def read(file):
    # ruleid: python-yaml-full-loader
    yaml.load(file, Loader=yaml.Loader)
    # ruleid: python-yaml-full-loader
    yaml.load(file, yaml.FullLoader)
    # ruleid: python-yaml-full-loader
    yaml.full_load(file)
    # ok: python-yaml-full-loader
    yaml.load(file, Loader=yaml.SafeLoader)
    # ok: python-yaml-full-loader
    yaml.load(file, yaml.CSafeLoader)
    # ok: python-yaml-full-loader
    return yaml.safe_load(file)
