import yaml

# ruleid: python-yaml-unsafe-load
yaml.load(data)
# ruleid: python-yaml-unsafe-load
yaml.unsafe_load(data)
# ruleid: python-yaml-unsafe-load
yaml.load(data, Loader=yaml.UnsafeLoader)
# ok: python-yaml-unsafe-load
yaml.safe_load(data)
# ok: python-yaml-unsafe-load
yaml.load(data, Loader=yaml.SafeLoader)
