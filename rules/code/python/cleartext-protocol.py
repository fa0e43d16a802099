import ftplib
import telnetlib

# ruleid: python-cleartext-protocol
telnetlib.Telnet(host)
# ruleid: python-cleartext-protocol
ftplib.FTP(host)
# ok: python-cleartext-protocol
ftplib.FTP_TLS(host)
