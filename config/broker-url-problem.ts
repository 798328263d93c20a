/** What is wrong with the address of an MQTT broker; follows the field's name. Null: nothing. */
export function brokerUrlProblem(text: string): string | null {
  const expected = 'must be an address like mqtt://host:1883 or mqtts://host:8883';
  if (!/^mqtts?:\/\//.test(text) || !URL.canParse(text)) return expected;
  const { hostname, username, password, pathname, search, hash } = new URL(text);
  if (username !== '' || password !== '') return 'must not hold a user name or password: set "username" and "password"';
  if (hostname === '' || !['', '/'].includes(pathname) || search !== '' || hash !== '') return expected;
  return null;
}
