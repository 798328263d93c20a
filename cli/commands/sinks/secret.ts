import type { Command } from 'commander';
import { newWebhookSecret } from '../../../config/webhook-secret.ts';
import type { CommandContext } from '../command-context.ts';

export function addSecretCommand(sinks: Command, { terminal }: CommandContext): void {
  sinks
    .command('secret')
    .summary('make a secret that a webhook signs with')
    .description(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one writes in the file.
      'Makes a secret and prints it on standard output; it is kept nowhere. Give it to facegate (secrets: ["${HOOK_SECRET}"]) and to the receiver.',
    )
    .addHelpText(
      'after',
      `
To change a secret without losing an event: secrets: [new, old] and a restart, then the receiver, then secrets: [new].

Example:
  HOOK_SECRET=$(facegate sinks secret)`,
    )
    .action(() => terminal.print(newWebhookSecret()));
}
