// Reads a MIME entity with a parser of Node's.  Usage: node read.mjs dicer|multipart-parser FILE
//
// Prints for each xop:Include, in the order of the document: Content-ID, media type, number
// of octets, SHA-256.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { parseMultipart } from '@mjackson/multipart-parser';
import Dicer from 'dicer';

const split = (entity) => {
    const end = entity.indexOf('\r\n\r\n');
    const boundary = /boundary="([^"]*)"/.exec(entity.subarray(0, end).toString())[1];
    return [boundary, entity.subarray(end + 4)];
};

// Each gives the parts in order: {id, type, octets}.
const readers = {
    dicer: ([boundary, body]) => new Promise((resolve, reject) => {
        const dicer = new Dicer({ boundary });
        const parts = [];
        dicer.on('part', (part) => {
            const found = { chunks: [] };
            parts.push(found);
            part.on('header', (fields) => {
                found.id = fields['content-id'][0];
                found.type = fields['content-type'][0];
            });
            part.on('data', (chunk) => found.chunks.push(chunk));
            part.on('error', reject);
        });
        dicer.on('error', reject);
        dicer.on('finish', () => resolve(parts.map(
            ({ id, type, chunks }) => ({ id, type, octets: Buffer.concat(chunks) }))));
        dicer.end(body);
    }),

    'multipart-parser': async ([boundary, body]) =>
        [...parseMultipart(body, { boundary, maxFileSize: Infinity })].map((part) => ({
            id: part.headers.get('content-id'),
            type: part.headers.get('content-type'),
            octets: Buffer.from(part.bytes),
        })),
};

const [, , reader, file] = process.argv;
const [root, ...attachments] = await readers[reader](split(readFileSync(file)));
const left = new Map(attachments.map((part) => [part.id, part]));
for (const [, id] of root.octets.toString().matchAll(/:Include [^>]*href="cid:([^"]*)"/g)) {
    const part = left.get(`<${id}>`);
    if (part === undefined)
        throw new Error(`there is no part <${id}>`);
    left.delete(`<${id}>`);
    const hash = createHash('sha256').update(part.octets).digest('hex');
    console.log(`<${id}>`, part.type, part.octets.length, hash);
}
if (left.size > 0)
    throw new Error(`no Include refers to ${[...left.keys()]}`);
