import { AppError } from '../../config/app-error.ts';
import { ERROR_CODES, type ErrorCode } from '../../config/error-codes.ts';
import type { Analysis } from '../../pipeline/ports.ts';
import type { FaceAnalyserConfig, PictureOptions } from './face-analyser.ts';
import type { PixelRef } from './pixel-channel.ts';
import type { RoleProof } from './role-report.ts';

/** A child that ends with this code was given settings or weights that cannot work: starting it again would not help. */
export const EXIT_WRONG_SETTINGS = 78;

export type ToChild =
  | { readonly type: 'start'; readonly config: FaceAnalyserConfig }
  | {
      readonly type: 'analyse';
      readonly id: number;
      readonly width: number;
      readonly height: number;
      readonly pixels: PixelRef;
      readonly options: PictureOptions;
    };

export type FromChild =
  | { readonly type: 'ready'; readonly proofs: readonly RoleProof[] }
  | { readonly type: 'unable'; readonly error: WireError }
  | { readonly type: 'analysed'; readonly id: number; readonly analysis: Analysis }
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
