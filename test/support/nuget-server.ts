import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

interface ZipWriter {
  addFile(name: string, content: Buffer): void;
  toBuffer(): Buffer;
}

/** A zip as NuGet packages are; the runtime's own install script brings the writer. */
export function zipOf(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const require = createRequire(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const AdmZip = require('adm-zip') as new () => ZipWriter;
  const zip = new AdmZip();
  for (const [name, content] of Object.entries(files)) zip.addFile(name, Buffer.from(content));
  return zip.toBuffer();
}

export interface NugetServer extends AsyncDisposable {
  readonly index: string;
  /** Paths that were asked for. */
  readonly asked: string[];
}

/** Answers on loopback as api.nuget.org does for one package. `claim` is the SHA-512 its catalog tells; default: the right one. */
export async function nugetServer(o: {
  id: string;
  version: string;
  bytes: Buffer;
  claim?: string;
}): Promise<NugetServer> {
  const asked: string[] = [];
  const id = o.id.toLowerCase();
  const hash = o.claim ?? createHash('sha512').update(o.bytes).digest('base64');
  const server = createServer((request, response) => {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    asked.push(request.url ?? '');
    const json = (value: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
    switch (request.url) {
      case '/v3/index.json':
        return json({
          version: '3.0.0',
          resources: [
            { '@id': `${base}/v3-flatcontainer/`, '@type': 'PackageBaseAddress/3.0.0' },
            { '@id': `${base}/v3/registration5-semver1/`, '@type': 'RegistrationsBaseUrl' },
            { '@id': `${base}/v3/registration5-gz-semver2/`, '@type': 'RegistrationsBaseUrl/3.6.0' },
          ],
        });
      case `/v3/registration5-gz-semver2/${id}/${o.version}.json`:
        return json({
          '@id': `${base}${request.url}`,
          catalogEntry: `${base}/v3/catalog0/data/2026.10.01/${id}.${o.version}.json`,
          packageContent: `${base}/v3-flatcontainer/${id}/${o.version}/${id}.${o.version}.nupkg`,
          listed: true,
        });
      case `/v3/catalog0/data/2026.10.01/${id}.${o.version}.json`:
        return json({ id: o.id, packageHash: hash, packageHashAlgorithm: 'SHA512', packageSize: o.bytes.length });
      case `/v3-flatcontainer/${id}/${o.version}/${id}.${o.version}.nupkg`:
        return response.end(o.bytes);
      default:
        response.statusCode = 404;
        return response.end();
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    index: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3/index.json`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
