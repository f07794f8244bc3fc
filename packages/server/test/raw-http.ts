/** HTTP as bytes on a socket, for requests that no client library would send. */
import { connect, type Socket } from 'node:net'

/** Sends `bytes` and collects whatever comes back until the server closes or `quietMs` pass in silence. */
export function exchange(
  port: number,
  bytes: string | Uint8Array,
  quietMs = 300,
): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let text = ''
    let quiet = setTimeout(finish, quietMs, false)
    socket.on('data', data => {
      text += data.toString('latin1')
      clearTimeout(quiet)
      quiet = setTimeout(finish, quietMs, false)
    })
    socket.on('error', error => {
      if ('code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) finish(true)
      else reject(error)
    })
    socket.on('end', () => finish(true))
    function finish(closed: boolean): void {
      clearTimeout(quiet)
      socket.destroy()
      resolve({ text, closed })
    }
  })
}

/** A connection that sends `bytes` and then nothing. */
export function openIdle(port: number, bytes: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, () => resolve(socket)))
    socket.once('error', reject)
  })
}
