import { generateKeyPairSync, sign } from 'node:crypto';

/*
 * X.509 (RFC 5280) as far as a test of TLS on loopback needs it, so that no private key lies in the repository and no
 * openssl program is needed. Tags: 02 integer, 03 bit string, 06 object id, 0c UTF-8 string, 17 UTC time, 30 sequence, 31 set.
 */

function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
const hex = (digits: string) => Buffer.from(digits, 'hex');

/** A fresh certificate for CN=localhost, valid from 2020 to 2049, with its key; both PEM. */
export function selfSigned(): { cert: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = der(0x30, der(0x06, hex('2a8648ce3d040302')));
  const name = der(0x30, der(0x31, der(0x30, der(0x06, hex('550403')), der(0x0c, Buffer.from('localhost')))));
  const validity = der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z')));
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const body = der(0x30, der(0x02, hex('01')), ecdsaWithSha256, name, validity, name, spki);
  const signature = der(0x03, hex('00'), sign('sha256', body, privateKey));
  const encoded = der(0x30, body, ecdsaWithSha256, signature).toString('base64');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${encoded.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}
