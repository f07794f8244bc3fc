/**
 * Small file systems to fill: one in memory that can be enlarged, and ext4 on a loop device, where a ballast file is
 * removed to make room. They are unmounted and removed whatever the work on them does. Mounting takes root.
 */
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mustRun } from '../oracle/tools.ts'

export interface SmallDisk {
  /** Where it is mounted. */
  readonly mount: string
  /** From now on there is space. */
  makeRoom(): Promise<void>
}

export type OnSmallDisk = (work: (disk: SmallDisk) => Promise<void>) => Promise<void>

const SMALL = '3m'
const LARGE = '64m'

const EXT4_SIZE = 64 * 1024 * 1024

/** What the ballast leaves. */
const EXT4_FREE = 4 * 1024 * 1024

const PIECE = Buffer.alloc(256 * 1024, 1)

export const onTmpfs: OnSmallDisk = async work => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-full-'))
  await mustRun('mount', ['-t', 'tmpfs', '-o', `size=${SMALL}`, 'tmpfs', directory])
  try {
    await work({
      mount: directory,
      async makeRoom() {
        await mustRun('mount', ['-o', `remount,size=${LARGE}`, directory])
      },
    })
  } finally {
    await mustRun('umount', ['-l', directory])
    rmSync(directory, { recursive: true })
  }
}

export const onExt4: OnSmallDisk = async work => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-ext4-'))
  const image = `${directory}.img`
  try {
    closeSync(openSync(image, 'w'))
    truncateSync(image, EXT4_SIZE)
    await mustRun('mkfs.ext4', ['-q', '-F', '-m', '0', image])
    await mustRun('mount', ['-t', 'ext4', '-o', 'loop', image, directory])
    try {
      const ballast = join(directory, 'ballast')
      writeBallast(directory, ballast)
      await work({
        mount: directory,
        async makeRoom() {
          rmSync(ballast, { force: true })
        },
      })
    } finally {
      await mustRun('umount', ['-l', directory])
    }
  } finally {
    rmSync(image, { force: true })
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Fills the file system but for a little. */
function writeBallast(directory: string, path: string): void {
  const file = openSync(path, 'w')
  for (;;) {
    const { bavail, bsize } = statfsSync(directory)
    if (bavail * bsize <= EXT4_FREE + PIECE.length) break
    writeSync(file, PIECE)
  }
  fsyncSync(file)
  closeSync(file)
}
