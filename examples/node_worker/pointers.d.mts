// Types of pointers.mjs. A folder comes from `folderOf`.
export interface Budget {
  left: number; // bytes that one call may still read
}
export interface Pointer {
  __s3_offloaded: true;
  __v: 1;
  __kind: "value";
  __s3_path: string;
  __range: [offset: number, length: number];
  __sha256: string;
  __size_bytes: number;
}
export function newBudget(): Budget;
export function folderOf(executionId: string): string;
export function pointerBytes(folder: string): number;
export function opened<T = any>(value: unknown, folder: string, budget?: Budget): Promise<T>;
export function whole<T = any>(value: unknown, folder: string, budget?: Budget): Promise<T>;
export function stored(
  value: unknown,
  folder: string,
  replacer?: (this: any, key: string, value: any) => any,
): Promise<Pointer>;
