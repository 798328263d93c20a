/** A multipart/form-data request with file parts, for `app.inject`. */
export async function multipart(
  files: Readonly<Record<string, Uint8Array>>,
): Promise<{ method: 'POST'; payload: Buffer; headers: { 'content-type': string } }> {
  const form = new FormData();
  for (const [name, bytes] of Object.entries(files))
    form.append(name, new Blob([new Uint8Array(bytes)]), `${name}.jpg`);
  const encoded = new Response(form);
  return {
    method: 'POST',
    payload: Buffer.from(await encoded.arrayBuffer()),
    headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
  };
}
