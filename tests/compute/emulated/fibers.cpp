/* Threads of a block as fibers. A fiber runs until it waits at a barrier or ends; a wait that
 * nobody can end, and an exchange in a warp of which a thread has returned, end the program: on a
 * GPU they would hang or give anything. */
#include "cuda_runtime.h"
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <setjmp.h>
#include <ucontext.h>
#include <vector>

enum { LANES = 32, STACK_BYTES = 64 << 10, MOST_THREADS = 1024 };

uint3 threadIdx, blockIdx;
dim3 blockDim;

namespace
{

struct barrier {
    unsigned arrived = 0, generation = 0;
};

struct warp {
    barrier gate;
    unsigned alive = 0, size = 0;
    uint64_t lanes[LANES];
};

/* A fiber is begun by its context, and then left and entered by jumps, which ask nothing of the
 * kernel. */
struct fiber {
    ucontext_t context;
    jmp_buf place;
    bool begun, done;
};

struct block {
    std::vector<fiber> fibers;
    std::vector<warp> warps;
    barrier gate;
    unsigned alive, current;
    int any;
    bool moved; /* since the scheduler's last round */
    const std::function<void()> *body;
    jmp_buf scheduler;
};

block *now;
std::unique_ptr<char[]> stacks;

[[noreturn]] void die(const char *what)
{
    fprintf(stderr, "emulated GPU: %s (block %u, thread %u,%u)\n", what, blockIdx.x, threadIdx.x,
            threadIdx.y);
    abort();
}

void release(barrier *b)
{
    b->arrived = 0;
    b->generation++;
    now->moved = true;
}

/* To the scheduler, until it is this fiber's turn again. */
void leave()
{
    if (!_setjmp(now->fibers[now->current].place))
        _longjmp(now->scheduler, 1);
}

void enter(fiber *f)
{
    if (_setjmp(now->scheduler))
        return;
    if (f->begun)
        _longjmp(f->place, 1);
    f->begun = true;
    setcontext(&f->context);
}

void wait_at(barrier *b, unsigned alive)
{
    unsigned generation = b->generation;
    now->moved = true;
    if (++b->arrived == alive)
        release(b);
    while (b->generation == generation)
        leave();
}

warp *my_warp()
{
    return &now->warps[now->current / LANES];
}

void run_fiber()
{
    (*now->body)();
    now->fibers[now->current].done = true;
    now->moved = true;
    my_warp()->alive--;
    if (--now->alive && now->gate.arrived == now->alive)
        release(&now->gate);
    leave();
}

void run_block(unsigned threads)
{
    now->alive = threads;
    now->gate = barrier();
    now->warps.assign((threads + LANES - 1) / LANES, warp());
    for (unsigned i = 0; i < threads; i++) {
        fiber *f = &now->fibers[i];
        f->begun = f->done = false;
        getcontext(&f->context);
        f->context.uc_stack.ss_sp = &stacks[(size_t)i * STACK_BYTES];
        f->context.uc_stack.ss_size = STACK_BYTES;
        f->context.uc_link = nullptr;
        makecontext(&f->context, run_fiber, 0);
        now->warps[i / LANES].alive++;
        now->warps[i / LANES].size++;
    }
    while (now->alive) {
        now->moved = false;
        for (unsigned i = 0; i < threads; i++) {
            if (now->fibers[i].done)
                continue;
            now->current = i;
            threadIdx = uint3{i % blockDim.x, i / blockDim.x, 0};
            enter(&now->fibers[i]);
        }
        if (!now->moved)
            die("threads wait for each other for ever");
    }
}

} // namespace

void emulate(unsigned blocks, dim3 threads, const std::function<void()> &body)
{
    unsigned n = threads.x * threads.y * threads.z;
    if (n == 0 || n > MOST_THREADS)
        die("a block has 1 to 1024 threads");
    if (!stacks)
        stacks.reset(new char[(size_t)MOST_THREADS * STACK_BYTES]);
    block b;
    b.fibers.resize(n);
    b.body = &body;
    now = &b;
    blockDim = threads;
    for (unsigned i = 0; i < blocks; i++) {
        blockIdx = uint3{i, 0, 0};
        run_block(n);
    }
    now = nullptr;
}

unsigned emulated_lane()
{
    return now->current % LANES;
}

void __syncthreads()
{
    wait_at(&now->gate, now->alive);
}

int __syncthreads_or(int x)
{
    __syncthreads();
    now->any = 0;
    __syncthreads();
    now->any |= x != 0;
    __syncthreads();
    return now->any;
}

void emulated_exchange(uint64_t *all_lanes, uint64_t mine)
{
    warp *w = my_warp();
    if (w->alive != LANES)
        die("an exchange in a warp that is not whole");
    w->lanes[emulated_lane()] = mine;
    wait_at(&w->gate, LANES);
    memcpy(all_lanes, w->lanes, sizeof w->lanes);
    wait_at(&w->gate, LANES);
}
