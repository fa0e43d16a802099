import shutil
import tarfile

# ruleid: python-archive-extraction
tarfile.open(path).extractall(folder)
# ruleid: python-archive-extraction
shutil.unpack_archive(path, folder)
# ok: python-archive-extraction
tarfile.open(path).extractall(folder, filter="data")
