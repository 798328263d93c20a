import { AppError } from '../../config/app-error.ts';
import { ERROR_CODES, type ErrorCode } from '../../config/error-codes.ts';
import type { CropAnalyserConfig } from '../inference/crop-analyser.ts';
import type { FaceAnalyserConfig } from '../inference/face-analyser.ts';
import type { PixelRef } from './pixel-channel.ts';
import type { RoleProof } from './role-report.ts';

/** A child that ends with this code was given settings or weights that cannot work: starting it again would not help. */
export const EXIT_WRONG_SETTINGS = 78;

/** A child that ends with this code has said before why it cannot go on: its memory or its device is used up. */
export const EXIT_TROUBLE = 75;

/** What a child is to hold. */
export type NetworksConfig = FaceAnalyserConfig | CropAnalyserConfig;

export type ToChild =
  | { readonly type: 'start'; readonly config: NetworksConfig }
  | {
      readonly type: 'work';
      readonly id: number;
      readonly width: number;
      readonly height: number;
      readonly pixels: PixelRef;
      readonly options: unknown;
    }
  /** For a thread, which nobody may end from outside: finish what runs, then go. */
  | { readonly type: 'stop' };

export type FromChild =
  | { readonly type: 'ready'; readonly proofs: readonly RoleProof[]; readonly most: number }
  | { readonly type: 'unable'; readonly error: WireError }
  /** It ends now; what it was given comes back unanswered. */
  | { readonly type: 'ending'; readonly error: WireError }
  | { readonly type: 'done'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError };

/** An error that crosses; its cause stays behind as text. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
}

export function toWire(error: unknown): WireError {
  const { code, message, cause } = AppError.from(error, 'INFERENCE_FAILED');
  const because = cause instanceof Error && cause.message !== '' && !message.includes(cause.message);
  return { code, message: because ? `${message}: ${cause.message}` : message };
}

export function fromWire(error: WireError): AppError {
  return new AppError(error.code in ERROR_CODES ? error.code : 'INFERENCE_FAILED', error.message);
}
