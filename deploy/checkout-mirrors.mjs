// npm scripts of a checkout load this first: weights and clips that lie beside the checkout are used in place.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const beside = (name) => fileURLToPath(new URL(`../../shared/${name}`, import.meta.url));

if (!process.env.FACEGATE_MODEL_MIRROR && existsSync(beside('models')))
  process.env.FACEGATE_MODEL_MIRROR = beside('models');
if (!process.env.FACEGATE_MEDIA_MIRROR && existsSync(beside('media')))
  process.env.FACEGATE_MEDIA_MIRROR = beside('media');
